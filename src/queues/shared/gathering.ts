import { decode } from '../../core/codec.js'
import { Entry, NO_HEADERS } from '../../core/entry.js'
import { PARCEL_ITEMS, type Parcel } from '../../core/parcel.js'
import { ParcelBuilder } from '../../core/parcel-builder.js'
import { OpenParcel, packParcel } from '../../core/parcel-codec.js'
import type { Ticket } from '../../core/store.js'
import { recordBytes } from './records.js'

const BYTES = 16 * 1024

/** An item that was taken and then found no room. */
export interface Late {
  readonly ticket: Ticket
  readonly parcel: Parcel
  readonly at: number
}

/**
 * Single puts of one turn of the event loop, on their way into one parcel: encoded one behind the other, each in the call that puts.
 */
export class Gathering<T> {
  /** Not stored yet, though taken: they came with one parcel that found no room, and wait for it one by one. */
  late: Late[] = []
  /** Tickets of what is in the parcel: the last, and as many before it as there are items. */
  lastTicket: Ticket = 0
  readonly #builder: ParcelBuilder
  readonly #limit: number
  readonly #parcel: { bytes: Uint8Array; words: Int32Array; length: number; count: number }
  readonly #parcels: readonly Parcel[]
  /** Encoded, and not yet offered. */
  #tried: Entry<T> | undefined

  constructor(limit: number) {
    this.#limit = Math.min(limit, BYTES)
    this.#builder = new ParcelBuilder(this.#limit)
    this.#parcel = { bytes: this.#builder.bytes(), words: this.#builder.words, length: 0, count: 0 }
    this.#parcels = [this.#parcel]
  }

  /** Items taken, and not yet stored. */
  get count(): number {
    return this.#builder.count + this.late.length - (this.#tried ? 1 : 0)
  }

  /** Bytes of the ring that the parcel will take, with what was tried last. */
  get recordBytes(): number {
    return recordBytes(this.#builder.length)
  }

  /** True: no other item may follow. */
  get isFull(): boolean {
    return this.#builder.count >= PARCEL_ITEMS
  }

  /** Encodes an item behind the others; false if it has to go alone. `taken`, `stored` or `drop` must follow. Throws CodecError. */
  try(entry: Entry<T>): boolean {
    if (entry.due > 0 || entry.key !== undefined || entry.headers !== NO_HEADERS) return false
    if (this.#tried) this.drop()
    // What was dropped or failed may have left definitions behind.
    if (this.#builder.count === 0) this.#builder.clear()
    if (!this.#builder.add(entry.value, entry.enqueuedAt)) return false
    entry.bytes = this.#builder.lastBytes
    this.#tried = entry
    return true
  }

  isTried(entry: Entry<T>): boolean {
    return this.#tried === entry
  }

  /** What was tried is taken. */
  taken(ticket: Ticket): void {
    this.#tried = undefined
    this.lastTicket = ticket
  }

  /** What was tried cannot be taken now. */
  drop(): void {
    this.#tried = undefined
    this.#builder.drop()
  }

  dropTried(): void {
    if (this.#tried) this.drop()
  }

  /** When the first of what was gathered was put. */
  get at(): number {
    return this.#builder.at
  }

  /** All of it, what was tried included; good until the next call. */
  parcels(): readonly Parcel[] {
    this.#builder.bytes()
    this.#parcel.length = this.#builder.length
    this.#parcel.count = this.#builder.count
    return this.#parcels
  }

  stored(): void {
    this.#tried = undefined
    this.#builder.clear()
  }

  /** There is no room for the parcel as a whole. */
  postpone(): void {
    const { count, at, length } = this.#builder
    const open = OpenParcel.of<T>(decode(this.#builder.bytes().subarray(0, length)))
    for (let place = 0; place < count; place++) {
      const parcel = packParcel([new Entry(open.value(place), at)])
      this.late.push({ ticket: this.lastTicket - count + 1 + place, parcel, at })
    }
    this.#builder.clear()
  }
}
