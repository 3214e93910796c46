import { decode } from '../../core/codec.js'
import type { Headers } from '../../core/entry.js'
import { openOwnParcel } from '../../core/open-own-parcel.js'
import type { OpenParcel } from '../../core/parcel-codec.js'
import { Reference } from '../../core/spill.js'
import type { SpillFolder } from '../../core/spill-folder.js'

/** Up to here msgpackr does without its native code, which is for long texts. */
const NEAR = 140

/** A parcel out of the ring, shared by the leases of its items. */
export class TakenParcel<T> {
  readonly count: number
  /** The position of its first item: no two parcels of a queue have the same. */
  readonly first: number
  readonly itemBytes: number
  readonly #spill: SpillFolder
  #bytes: Buffer | undefined
  #start = 0
  #end = 0
  #open: OpenParcel<T | Reference> | undefined
  #error: unknown

  constructor(length: number, count: number, first: number, spill: SpillFolder) {
    this.count = count
    this.first = first
    this.itemBytes = length / count
    this.#spill = spill
  }

  /** Where it was copied to, until it is opened. */
  copied(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** What is wrong with the bytes is told to whoever asks for a value. */
  open(): void {
    const bytes = this.#bytes as Buffer
    const length = this.#end - this.#start
    // Near the beginning of a buffer msgpackr reads short texts twice as fast; what was there is decoded by now.
    if (this.#start > 0 && length < NEAR) {
      bytes.copyWithin(0, this.#start, this.#end)
      this.#start = 0
      this.#end = length
    }
    try {
      this.#open = openOwnParcel(bytes, this.#start, this.#end)
      this.#bytes = undefined
    } catch (error) {
      this.#error = error
    }
  }

  get enqueuedAt(): number {
    return this.#opened().enqueuedAt
  }

  headers(index: number): Headers {
    return this.#opened().headers(index)
  }

  key(index: number): string | undefined {
    return this.#opened().key(index)
  }

  value(index: number): T {
    const value = this.#opened().value(index)
    // Only alone in its parcel.
    if (this.count === 1 && value instanceof Reference) return decode(this.#spill.read(value)) as T
    return value as T
  }

  /** The item has left the queue: what lay beside the queue for it goes as well. */
  done(): void {
    const value = this.#open?.value(0)
    if (value instanceof Reference) this.#spill.drop(value)
  }

  #opened(): OpenParcel<T | Reference> {
    if (this.#open) return this.#open
    throw this.#error
  }
}
