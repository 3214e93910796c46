import { LinkError } from '../../errors/link-error.js'

/** Bytes of a frame, at most; larger payloads spill, so that one is never needed. */
export const FRAME_LIMIT = 8 * 1024 * 1024
/** Bytes before each frame that say how long it is. */
export const HEADER = 4

/** Cuts a stream of bytes into frames. */
export class Frames {
  #chunks: Buffer[] = []
  #buffered = 0

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The next whole frame, if it is there. LinkError ERR_LINK_FRAME, before a byte of it is waited for, if it is too long. */
  next(): Buffer | undefined {
    if (this.#buffered < HEADER) return undefined
    const length = this.#first(HEADER).readUInt32BE(0)
    if (length > FRAME_LIMIT) {
      throw new LinkError(`a frame of ${length} bytes came; the limit is ${FRAME_LIMIT}`, 'ERR_LINK_FRAME')
    }
    const end = HEADER + length
    if (this.#buffered < end) return undefined
    const all = this.#first(end)
    this.#buffered -= end
    if (all.length > end) this.#chunks[0] = all.subarray(end)
    else this.#chunks.shift()
    return all.subarray(HEADER, end)
  }

  /** Makes the first chunk hold at least so many bytes, of those that are there, and answers it. */
  #first(bytes: number): Buffer {
    const first = this.#chunks[0] as Buffer
    if (first.length >= bytes) return first
    let size = 0
    let count = 0
    while (size < bytes) size += (this.#chunks[count++] as Buffer).length
    const joined = Buffer.concat(this.#chunks.slice(0, count), size)
    this.#chunks = [joined, ...this.#chunks.slice(count)]
    return joined
  }
}
