import { QueueLinkError } from '../errors/queue-link-error.js'

/** Bytes before each frame that say how long it is. */
export const HEADER = 4

/** Bytes of a frame, at most, unless its reader says otherwise. */
export const FRAME_LIMIT = 8 * 1024 * 1024

/** Bytes of a frame, besides a large part of what it holds. */
export const FRAME_ROOM = 64 * 1024

/** Cuts a stream of bytes into frames: a length, big-endian, and as many bytes, again and again. */
export class Frames {
  /** Bytes of a frame, at most; what has not come yet is held to what it is set to. */
  limit: number
  #chunks: Buffer[] = []
  #buffered = 0

  constructor(limit = FRAME_LIMIT) {
    this.limit = limit
  }

  /** A frame has begun to come. */
  get isOpen(): boolean {
    return this.#buffered > 0
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The next whole frame, if it is there. QueueLinkError ERR_FRAME, before a byte of it is waited for, if it is too long. */
  next(): Buffer | undefined {
    if (this.#buffered < HEADER) return undefined
    const length = this.#first(HEADER).readUInt32BE(0)
    if (length > this.limit) {
      throw new QueueLinkError(`a frame of ${length} bytes came; the limit is ${this.limit}`, 'ERR_FRAME')
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
