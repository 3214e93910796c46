import { type Decoder, EMPTY, NONE } from './decoder.js'

/** Passes on what comes, as it comes. */
export class ChunkDecoder implements Decoder<Buffer> {
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
