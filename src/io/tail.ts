/** The last bytes of what passed by. */
export class Tail {
  readonly #size: number
  #kept: Buffer = Buffer.alloc(0)

  constructor(size: number) {
    this.#size = size
  }

  add(chunk: Buffer): void {
    // A copy: a slice would keep its whole chunk alive.
    if (chunk.length >= this.#size) this.#kept = Buffer.from(chunk.subarray(chunk.length - this.#size))
    else
      this.#kept = Buffer.concat([
        this.#kept.subarray(Math.max(0, this.#kept.length + chunk.length - this.#size)),
        chunk,
      ])
  }

  /** Begins at a whole character. */
  toString(): string {
    let at = 0
    while (at < 3 && ((this.#kept[at] ?? 0) & 0xc0) === 0x80) at++
    return this.#kept.toString('utf8', at)
  }
}
