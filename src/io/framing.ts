import { constants, isAscii } from 'node:buffer'
import { CodecError } from '../errors/codec-error.js'
import type { Decoded, Encodable, Format } from './format.js'

/** The answer of a decoder that needs more input. */
export const NONE: unique symbol = Symbol('none')

/** Cuts input into values. It is asked for each, so that nothing is decoded ahead of its reader. */
export interface Decoder<T> {
  /** Adds input, after `next` answered NONE. The chunk must stay as it is until `next` answers NONE again. */
  write(chunk: Buffer): void
  /** No more input will come: what is left over is the last value. */
  end(): void
  /** Throws CodecError for input that cannot be decoded. */
  next(): T | typeof NONE
  /** Bytes of input that the last value took up, its separator and whatever was skipped before it included. */
  readonly taken: number
}

/** Encodes one value, without its separator. Throws CodecError for what the format cannot carry. */
export type Encode<T> = (value: T) => string | Uint8Array

const LF = 10
const EMPTY: Buffer = Buffer.alloc(0)

// Slices of one decoded chunk would be quicker to make, but each would keep the whole chunk alive for as long as it is held.
type Slicing = Buffer & {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
}

class LineDecoder implements Decoder<string> {
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

class ChunkDecoder implements Decoder<Buffer> {
  taken = 0
  #chunk = EMPTY

  write(chunk: Buffer): void {
    this.#chunk = chunk
  }

  end(): void {}

  next(): Buffer | typeof NONE {
    const chunk = this.#chunk
    if (chunk.length === 0) return NONE
    this.#chunk = EMPTY
    this.taken = chunk.length
    return chunk
  }
}

class JsonDecoder implements Decoder<unknown> {
  taken = 0
  readonly #lines = new LineDecoder()
  #skipped = 0
  #before = 0

  write(chunk: Buffer): void {
    this.#lines.write(chunk)
  }

  end(): void {
    this.#lines.end()
  }

  next(): unknown {
    for (let line = this.#lines.next(); line !== NONE; line = this.#lines.next()) {
      this.taken = this.#skipped + this.#lines.taken
      if (BLANK.test(line)) {
        this.#skipped = this.taken
        continue
      }
      this.#skipped = 0
      const value = this.#parse(line)
      this.#before += this.taken
      return value
    }
    return NONE
  }

  #parse(line: string): unknown {
    try {
      return JSON.parse(line)
    } catch (cause) {
      const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line
      throw new CodecError(`the line ${this.#before} bytes into the input is not JSON; mend or remove it: ${shown}`, {
        cause,
      })
    }
  }
}

const BLANK = /^[ \t\r]*$/

export function decoderFor<A extends Format>(as: A): Decoder<Decoded[A]>
export function decoderFor(as: Format): Decoder<unknown> {
  if (as === 'lines') return new LineDecoder()
  return as === 'bytes' ? new ChunkDecoder() : new JsonDecoder()
}

export function encoderFor<A extends Format>(as: A): Encode<Encodable[A]>
export function encoderFor(as: Format): Encode<never> {
  if (as === 'lines') return encodeLine
  return as === 'bytes' ? encodeChunk : encodeJson
}

/** What stands behind each value of a format. */
export function separatorOf(as: Format): string {
  return as === 'bytes' ? '' : '\n'
}

function encodeLine(value: string | Uint8Array): string | Uint8Array {
  const encoded = encodeChunk(value)
  const broken = typeof encoded === 'string' ? encoded.includes('\n') : encoded.includes(LF)
  if (broken) throw new CodecError(`a line must not contain a line feed; split it, or write it as 'json'`)
  return encoded
}

function encodeChunk(value: string | Uint8Array): string | Uint8Array {
  if (typeof value === 'string') {
    if (wellFormed(value)) return value
    throw new CodecError('a string with half of a surrogate pair has no UTF-8; use toWellFormed(), or write bytes')
  }
  // A copy: what the producer does with its bytes from here on must not change what is written.
  if (value instanceof Uint8Array) return Buffer.from(value)
  throw new CodecError(`text or a Uint8Array can be written, but ${typeOf(value)} came; write other values as 'json'`)
}

function encodeJson(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new CodecError(`JSON cannot carry this value: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  if (text === undefined) throw new CodecError(`JSON cannot carry ${typeOf(value)}; send null or an object instead`)
  return text
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** In Node from version 20 on; not yet in the library that this is compiled against. */
function wellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
