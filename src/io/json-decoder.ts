import { CodecError } from '../errors/codec-error.js'
import { type Decoder, NONE } from './decoder.js'
import { LineDecoder } from './line-decoder.js'

/** One value a line; lines without any are skipped. */
export class JsonDecoder implements Decoder<unknown> {
  taken = 0
  readonly #lines = new LineDecoder()
  #skipped = 0
  #before: number

  /** `offset`: where the input begins, for what errors say. */
  constructor(offset = 0) {
    this.#before = offset
  }

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
