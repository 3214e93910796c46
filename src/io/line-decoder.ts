import { constants, isAscii } from 'node:buffer'
import { CodecError } from '../errors/codec-error.js'
import { type Decoder, EMPTY, NONE } from './decoder.js'

const LF = 10

// Slices of one decoded chunk would be quicker to make, but each would keep the whole chunk alive for as long as it is held.
type Slicing = Buffer & {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

export class LineDecoder implements Decoder<string> {
  taken = 0
  #chunk = EMPTY as Slicing
  #ascii = true
  #at = 0
  /** The beginning of a line whose end has not come. Joined once, so that a long line costs no more than its length. */
  #parts: Buffer[] = []
  #partBytes = 0

  write(chunk: Buffer): void {
    this.#chunk = chunk as Slicing
    this.#ascii = isAscii(chunk)
    this.#at = 0
  }

  next(): string | typeof NONE {
    const chunk = this.#chunk
    const start = this.#at
    const end = chunk.indexOf(LF, start)
    if (end < 0) return this.#keep()
    this.#at = end + 1
    if (this.#partBytes > 0) return this.#join(chunk.subarray(start, end), 1)
    this.taken = end + 1 - start
    return this.#ascii ? chunk.latin1Slice(start, end) : chunk.utf8Slice(start, end)
  }

  end(): void {
    if (this.#partBytes > 0) this.#chunk = LAST
  }

  #keep(): string | typeof NONE {
    const rest = this.#chunk.subarray(this.#at)
    if (this.#chunk === LAST) {
      this.#chunk = EMPTY as Slicing
      return this.#join(EMPTY, 0)
    }
    this.#chunk = EMPTY as Slicing
    this.#at = 0
    if (rest.length === 0) return NONE
    this.#partBytes += rest.length
    if (this.#partBytes > constants.MAX_STRING_LENGTH) {
      throw new CodecError(`a line is longer than ${constants.MAX_STRING_LENGTH} bytes; read the input as 'bytes'`)
    }
    this.#parts.push(Buffer.from(rest))
    return NONE
  }

  #join(tail: Buffer, separator: number): string {
    const whole = Buffer.concat([...this.#parts, tail], this.#partBytes + tail.length)
    this.#parts = []
    this.#partBytes = 0
    this.taken = whole.length + separator
    return whole.toString()
  }
}

/** Stands for the end of the input, where a last line has no line feed. */
const LAST = Buffer.alloc(0) as Slicing
