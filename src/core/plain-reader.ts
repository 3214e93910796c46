import { Texts } from './texts.js'

const NOTHING = Buffer.alloc(0)

/** Reads what `writePlain` writes, one value after another. */
export class PlainReader {
  /** Where the next one is. */
  at = 0
  /** Something came that `writePlain` does not write, or the end: what was read is of no use. */
  isForeign = false
  readonly texts = new Texts()
  #bytes: Buffer = NOTHING
  /** The whole memory that the bytes lie in, and where they begin and end in it. */
  #memory: DataView = new DataView(NOTHING.buffer)
  #offset = 0
  #end = 0

  begin(bytes: Buffer, at: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#memory = new DataView(bytes.buffer)
      this.#offset = bytes.byteOffset
      this.#end = bytes.length
    }
    this.at = at
    this.isForeign = false
    this.texts.made = 0
  }

  read(): unknown {
    const token = this.#bytes[this.at++] as number
    return token >> 4 === 9 ? this.#list(token & 0xf) : this.#single(token)
  }

  #single(token: number): unknown {
    if (token < 0x40) return token
    if (token >> 5 === 5) return this.#text(token & 0x1f)
    const bytes = this.#bytes
    const { at } = this
    switch (token) {
      case 0xcc:
        this.at = at + 1
        return bytes[at]
      case 0xcd:
        this.at = at + 2
        return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
      case 0xd2:
        this.at = at + 4
        return (
          ((bytes[at] as number) << 24) |
          ((bytes[at + 1] as number) << 16) |
          ((bytes[at + 2] as number) << 8) |
          (bytes[at + 3] as number)
        )
      case 0xcb:
        this.at = at + 8
        return this.#float(at)
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc0:
        return null
      case 0xd4:
        this.at = at + 2
        // Undefined, if zeros follow.
        return bytes[at] === 0 && bytes[at + 1] === 0 ? undefined : this.#foreign()
    }
    return token >= 0xe0 ? token - 0x100 : this.#foreign()
  }

  #text(length: number): string | undefined {
    if (length === 0) return ''
    const text = this.texts.read(this.#bytes, this.at, length)
    this.at += length
    return text ?? this.#foreign()
  }

  #list(length: number): unknown[] {
    const list = new Array<unknown>(length)
    for (let index = 0; index < length; index++) list[index] = this.#single(this.#bytes[this.at++] as number)
    return list
  }

  #float(at: number): number | undefined {
    return at + 8 <= this.#end ? this.#memory.getFloat64(this.#offset + at) : this.#foreign()
  }

  #foreign(): undefined {
    this.isForeign = true
  }
}

/** One for all: nothing is read while something else is. */
export const plainReader = new PlainReader()
