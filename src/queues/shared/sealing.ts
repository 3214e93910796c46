import { adopted } from '../../core/adopted.js'
import { cutParcels, type Part } from '../../core/cut-parcels.js'
import { Entry } from '../../core/entry.js'
import { PARCEL_ITEMS, type Parcel } from '../../core/parcel.js'
import { packParcel, packValues } from '../../core/parcel-codec.js'
import type { Reference } from '../../core/spill.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import { ItemTooLargeError } from '../../errors/item-too-large-error.js'
import { type Geometry, RESERVE } from './geometry.js'
import { recordBytes } from './records.js'

/** Encoded bytes of a parcel of several items, at most. */
const BYTES = 16 * 1024

export interface Payload {
  readonly reference: Reference
  /** Itself, or the path of another queue's file. */
  readonly source: Uint8Array | string
}

/** A parcel, and the payloads that are to lie beside the queue before it is stored. */
export interface SharedParcel extends Parcel {
  readonly payloads?: readonly Payload[]
}

/** Cuts what is put together into parcels of a size that suits the ring. */
export class Sealing {
  readonly #name: string
  readonly #itemSize: number
  /** Bytes of the ring that puts may fill. */
  readonly #room: number
  /** Bytes of a record, at most. */
  readonly #record: number
  readonly #spill: SpillFolder
  /** What was put together last was too much for one parcel: as a rule, so is the next. */
  #isMuch = false

  constructor(name: string, itemSize: number, { ringBytes }: Geometry, spill: SpillFolder) {
    this.#name = name
    this.#record = ringBytes / RESERVE
    this.#room = ringBytes - this.#record
    this.#itemSize = Math.min(itemSize, this.#record / 2)
    this.#spill = spill
  }

  /** A parcel that another queue sealed, as it can be stored here; undefined where it, or an item of it, may be too large. */
  adopt<T>(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    if (parcel.bytes.length > this.#itemSize) return undefined
    const { payload } = parcel
    if (!payload) return adopted(parcel, at)
    const reference = this.#spill.rename(payload.reference)
    const small: SharedParcel = { ...payload.renamed(reference), payloads: [{ reference, source: payload.path }] }
    return adopted(small, at)
  }

  /** All in one parcel, and one entry for all; undefined where that is too much. Throws CodecError. */
  sealValues<T>(values: readonly T[], at: number): readonly Entry<T>[] | undefined {
    if (values.length < 2 || values.length > PARCEL_ITEMS || this.#isMuch) return undefined
    const parcel = packValues(values, at)
    this.#isMuch = parcel.bytes.length > this.limit
    return this.#isMuch ? undefined : adopted(parcel, at)
  }

  seal<T>(entries: readonly Entry<T>[]): void {
    let room = this.#room
    for (let from = 0; from < entries.length; from += PARCEL_ITEMS) {
      const some = entries.length <= PARCEL_ITEMS ? entries : entries.slice(from, from + PARCEL_ITEMS)
      const parcel = packParcel(some)
      this.#isMuch = parcel.bytes.length > this.limit
      const parts = this.#isMuch ? this.#cut(some) : [{ some, parcel }]
      for (const part of parts) {
        const record = recordBytes(part.parcel.bytes.length)
        if (record > this.#record) throw this.#tooLarge(part.parcel.bytes.length)
        room -= record
        const bytes = Math.ceil(part.parcel.bytes.length / part.some.length)
        for (const entry of part.some) entry.bytes = bytes
        ;(part.some[0] as Entry<T>).parcel = part.parcel
      }
    }
    if (room < 0) throw this.#tooLarge(this.#room - room)
  }

  /** Encoded bytes of what goes together, at most. */
  get limit(): number {
    return Math.min(BYTES, this.#itemSize)
  }

  #cut(entries: readonly Entry<unknown>[]): Part<SharedParcel>[] {
    return cutParcels(entries, this.#itemSize, this.limit, (entry, bytes) => this.#spilled(entry, bytes))
  }

  #tooLarge(bytes: number): ItemTooLargeError {
    const most = `${this.#name} never has room for more than ${this.#room} at a time, ${this.#record} for one item`
    return new ItemTooLargeError(
      `what is put takes ${bytes} bytes, and ${most}: put less together, or make it with more bytes`,
    )
  }

  #spilled(entry: Entry<unknown>, bytes: Uint8Array): SharedParcel {
    const reference = this.#spill.refer(bytes)
    const { enqueuedAt, headers, key } = entry
    const small = packParcel([new Entry(reference, enqueuedAt, 0, 0, headers, key)])
    return { ...small, payloads: [{ reference, source: bytes }] }
  }
}
