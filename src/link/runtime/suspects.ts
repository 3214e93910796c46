/** An item that was out at so many deaths is sent alone. */
const SUSPECT_AFTER = 2
/** Items that others have taken meanwhile are forgotten at some time. */
const MOST = 4096

/** How many deaths of children the items of one source have been out at. */
export class Suspects {
  readonly #deaths = new Map<number, number>()

  isSuspect(seq: number): boolean {
    return this.#deaths.size > 0 && (this.#deaths.get(seq) ?? 0) >= SUSPECT_AFTER
  }

  /** It was out when a child died. */
  died(seq: number): void {
    if (this.#deaths.size >= MOST) this.#deaths.clear()
    this.#deaths.set(seq, (this.#deaths.get(seq) ?? 0) + 1)
  }

  /** It was alone. */
  accuse(seq: number): void {
    this.#deaths.set(seq, SUSPECT_AFTER)
  }

  /** A child has survived it. */
  settled(seq: number): void {
    if (this.#deaths.size > 0) this.#deaths.delete(seq)
  }
}
