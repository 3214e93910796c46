import { encode } from '../../core/codec.js'
import { Entry } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { packParcel } from '../../core/parcel-codec.js'
import type { Reference } from '../../core/spill.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import { ItemTooLargeError } from '../../errors/item-too-large-error.js'
import { type Geometry, RESERVE } from './geometry.js'
import { recordBytes } from './records.js'

/** Items of a parcel, at most: who takes one of them copies all. */
const ITEMS = 256
/** Encoded bytes of a parcel of several items, at most. */
const BYTES = 16 * 1024

export interface Payload {
  readonly reference: Reference
  readonly bytes: Uint8Array
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

  constructor(name: string, itemSize: number, { ringBytes }: Geometry, spill: SpillFolder) {
    this.#name = name
    this.#record = ringBytes / RESERVE
    this.#room = ringBytes - this.#record
    this.#itemSize = Math.min(itemSize, this.#record / 2)
    this.#spill = spill
  }

  seal<T>(entries: readonly Entry<T>[]): void {
    let room = this.#room
    for (let from = 0; from < entries.length; from += ITEMS) {
      const some = entries.length <= ITEMS ? entries : entries.slice(from, from + ITEMS)
      const parcel = packParcel(some)
      const parts = parcel.bytes.length <= this.limit ? [{ some, parcel }] : this.#cut(some)
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

  /** Item by item: what is too large spills, the rest goes together as far as it may. */
  #cut<T>(entries: readonly Entry<T>[]): { some: Entry<T>[]; parcel: SharedParcel }[] {
    const parts: { some: Entry<T>[]; parcel: SharedParcel }[] = []
    let some: Entry<T>[] = []
    let bytes = 0
    const close = (): void => {
      if (some.length > 0) parts.push({ some, parcel: packParcel(some) })
      some = []
      bytes = 0
    }
    for (const entry of entries) {
      const encoded = encode(entry.value)
      if (encoded.length > this.#itemSize) {
        close()
        parts.push({ some: [entry], parcel: this.#spilled(entry, encoded) })
        continue
      }
      if (bytes + encoded.length > this.limit) close()
      some.push(entry)
      bytes += encoded.length
    }
    close()
    return parts
  }

  #tooLarge(bytes: number): ItemTooLargeError {
    const most = `${this.#name} never has room for more than ${this.#room} at a time, ${this.#record} for one item`
    return new ItemTooLargeError(
      `what is put takes ${bytes} bytes, and ${most}: put less together, or make it with more bytes`,
    )
  }

  #spilled<T>(entry: Entry<T>, bytes: Uint8Array): SharedParcel {
    const reference = this.#spill.refer(bytes)
    const { enqueuedAt, headers, key } = entry
    const small = packParcel([new Entry(reference, enqueuedAt, 0, 0, headers, key)])
    return { ...small, payloads: [{ reference, bytes }] }
  }
}
