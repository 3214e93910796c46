import { decode } from '../../core/codec.js'
import type { Headers } from '../../core/entry.js'
import { openOwnParcel } from '../../core/open-own-parcel.js'
import type { Parcel } from '../../core/parcel.js'
import { type OpenParcel, payloadIn } from '../../core/parcel-codec.js'
import { Reference } from '../../core/spill.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import { positionOf } from './records.js'

/** A parcel out of the ring, shared by the leases of its items. */
export class TakenParcel<T> {
  readonly count: number
  /** The position of its first item: no two parcels of a queue have the same. */
  readonly first: number
  readonly itemBytes: number
  /** When its items were put. */
  readonly enqueuedAt: number
  readonly #slots: number
  readonly #spill: SpillFolder
  #bytes: Buffer | undefined
  #start = 0
  #end = 0
  #open: OpenParcel<T | Reference> | undefined
  #error: unknown
  #sealed: Parcel | undefined
  #isFile = false

  constructor(length: number, count: number, first: number, at: number, slots: number, spill: SpillFolder) {
    this.count = count
    this.first = first
    this.enqueuedAt = at
    this.itemBytes = length / count
    this.#slots = slots
    this.#spill = spill
  }

  /** Of the item whose descriptor is this slot, in the queue. */
  position(slot: number): number {
    return positionOf(slot, this.first, this.#slots)
  }

  /** Where it was copied to, until it is opened. */
  copied(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** It may stay as it is until somebody asks for a value: the bytes are its own. */
  seal(isFile: boolean): void {
    this.#sealed = { bytes: this.#bytes as Buffer, count: this.count }
    this.#isFile = isFile
  }

  /** As it is in the ring, where it was sealed and can be passed on. What stands for a file is opened for its name. */
  get sealed(): Parcel | undefined {
    if (this.#isFile && this.#sealed?.payload === undefined) this.#sealed = this.#withPayload()
    return this.#sealed
  }

  /** What is wrong with the bytes is told to whoever asks for a value. */
  open(): void {
    // Opening spoils the bytes; those of a sealed parcel may be on their way to another queue.
    const bytes = this.#sealed ? Buffer.from(this.#bytes as Buffer) : (this.#bytes as Buffer)
    try {
      this.#open = openOwnParcel(bytes, this.#start, this.#end)
      this.#bytes = undefined
    } catch (error) {
      this.#error = error
    }
  }

  /** Its values are in it, and can be read. */
  get isPlain(): boolean {
    return this.#open !== undefined && !(this.count === 1 && this.#open.value(0) instanceof Reference)
  }

  /** What is in it, where it is plain. */
  get plain(): OpenParcel<T> {
    return this.#opened() as OpenParcel<T>
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

  /** What is wrong with it is told to whoever asks for the value. */
  #withPayload(): Parcel | undefined {
    try {
      const payload = payloadIn(this.#opened(), reference => this.#spill.pathOf(reference))
      return this.#sealed && payload && { ...this.#sealed, payload }
    } catch {
      return undefined
    }
  }

  #opened(): OpenParcel<T | Reference> {
    if (this.#bytes && !this.#error) this.open()
    if (this.#open) return this.#open
    throw this.#error
  }
}
