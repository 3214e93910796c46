import { decode } from '../core/codec.js'
import { CodecError } from '../errors/codec-error.js'
import { type Decoder, EMPTY, NONE } from './decoder.js'
import { checkLength, HEAD } from './frames.js'

/** Room for the beginning of a value that comes in several chunks. */
const ROOM = 1024

/** A length and as many bytes of MessagePack, again and again. */
export class FrameDecoder implements Decoder<unknown> {
  taken = 0
  #chunk = EMPTY
  #at = 0
  /** The beginning of a head or body whose rest has not come; grows as bytes come, whatever the length claims. */
  #held = EMPTY
  #heldBytes = 0
  /** Of the body; negative while the head has not come. */
  #length = -1
  /** Where the frame begins in the input. */
  #offset: number
  #ended = false

  constructor(offset = 0) {
    this.#offset = offset
  }

  write(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
  }

  end(): void {
    this.#ended = true
  }

  next(): unknown {
    if (this.#length < 0) {
      const head = this.#take(HEAD)
      if (!head) return this.#wait()
      this.#length = checkLength(head.readUInt32BE(0), this.#offset)
    }
    const body = this.#take(this.#length)
    if (!body) return this.#wait()
    const value = this.#decode(body)
    this.taken = HEAD + this.#length
    this.#offset += this.taken
    this.#length = -1
    return value
  }

  /** The next bytes, if all of them are there: in place where they came in one chunk. */
  #take(count: number): Buffer | undefined {
    const from = this.#at
    const part = Math.min(count - this.#heldBytes, this.#chunk.length - from)
    this.#at += part
    if (this.#heldBytes === 0 && part === count) return this.#chunk.subarray(from, this.#at)
    this.#hold(this.#chunk.subarray(from, this.#at), count)
    if (this.#heldBytes < count) return undefined
    const whole = this.#held.subarray(0, count)
    this.#held = EMPTY
    this.#heldBytes = 0
    return whole
  }

  #hold(part: Buffer, count: number): void {
    const bytes = this.#heldBytes + part.length
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(count, Math.max(2 * this.#held.length, bytes, ROOM)))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    part.copy(this.#held, this.#heldBytes)
    this.#heldBytes = bytes
  }

  #wait(): typeof NONE {
    this.#chunk = EMPTY
    this.#at = 0
    const came = this.#heldBytes + (this.#length < 0 ? 0 : HEAD)
    if (!this.#ended || came === 0) return NONE
    const whole = this.#length < 0 ? '' : ` of ${HEAD + this.#length}`
    const torn = `the input ends ${came} bytes${whole} into the frame at byte ${this.#offset}`
    throw new CodecError(`${torn}; its writer was cut short, or is not done yet`)
  }

  #decode(body: Buffer): unknown {
    try {
      return decode(body)
    } catch (cause) {
      throw new CodecError(`the frame at byte ${this.#offset}: ${(cause as Error).message}`, { cause })
    }
  }
}
