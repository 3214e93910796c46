/** Short texts that are remembered, and the bytes that each of them may have. */
const PLACES = 1024
const LONGEST = 31

/**
 * Short plain texts that came before: to find one again costs less than to make it, and most members of most items have one of a
 * few. One place for each hash; who comes last has it.
 */
export class Texts {
  /** How many were new. */
  made = 0
  readonly #texts = new Array<string>(PLACES).fill('')
  readonly #bytes = new Uint8Array(PLACES * (LONGEST + 1))

  /** Of at most 31 bytes. Undefined: not all of it is ASCII. */
  read(bytes: Buffer, start: number, length: number): string | undefined {
    const end = start + length
    let hash = length
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
    const place = (hash ^ (hash >>> 10)) & (PLACES - 1)
    const text = this.#texts[place] as string
    if (text.length !== length) return this.#make(bytes, start, end, place)
    const known = this.#bytes
    const offset = place * (LONGEST + 1) - start
    for (let at = start; at < end; at++)
      if (known[at + offset] !== bytes[at]) return this.#make(bytes, start, end, place)
    return text
  }

  #make(bytes: Buffer, start: number, end: number, place: number): string | undefined {
    const offset = place * (LONGEST + 1) - start
    for (let at = start; at < end; at++) {
      const code = bytes[at] as number
      // Whoever is in this place is none of it any more.
      if (code > 0x7f) {
        this.#texts[place] = ''
        return undefined
      }
      this.#bytes[at + offset] = code
    }
    this.made++
    const text = bytes.toString('latin1', start, end)
    this.#texts[place] = text
    return text
  }
}
