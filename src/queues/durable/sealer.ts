import { adopted } from '../../core/adopted.js'
import { cutParcels, type Part } from '../../core/cut-parcels.js'
import type { Entry } from '../../core/entry.js'
import { PARCEL_ITEMS, type Parcel } from '../../core/parcel.js'
import { packParcel } from '../../core/parcel-codec.js'
import type { Put } from './commit.js'
import type { Payload, Payloads } from './payloads.js'

/** A parcel of small items is none too large for another queue to adopt. */
const OVERHEAD = 64

/** A parcel, and the file that its one item is. */
interface SpilledParcel extends Parcel {
  readonly payloads?: readonly Payload[]
}

/** Encodes what is put. Delayed items are parcels of their own, since each comes at its own time. */
export class Sealer {
  readonly #payloads: Payloads
  readonly #itemSize: number

  constructor(payloads: Payloads, itemSize: number) {
    this.#payloads = payloads
    this.#itemSize = itemSize
  }

  /** A parcel that another queue sealed, as it can be stored here; undefined where it, or an item of it, may be too large. */
  adopt<T>(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    if (parcel.bytes.length > this.#itemSize) return undefined
    if (!parcel.payload) return adopted(parcel, at)
    const { reference, payload } = this.#payloads.adopt(parcel.payload)
    const small: SpilledParcel = { ...parcel.payload.renamed(reference), payloads: [payload] }
    return adopted(small, at)
  }

  seal<T>(entries: readonly Entry<T>[]): void {
    const most = (entries[0]?.due ?? 0) > 0 ? 1 : PARCEL_ITEMS
    // All or nothing: none has a parcel before all are encoded.
    const parts: Part<SpilledParcel>[] = []
    for (let at = 0; at < entries.length; at += most) parts.push(...this.#pack(entries.slice(at, at + most)))
    for (const { some, parcel } of parts) {
      some[0]!.parcel = parcel
      for (const entry of some) entry.bytes = parcel.bytes.length / parcel.count
    }
  }

  /** The parcels of entries that are sealed. */
  opened<T>(entries: readonly Entry<T>[]): Pick<Put, 'parcels' | 'payloads'> {
    const parcels: SpilledParcel[] = []
    for (let at = 0; at < entries.length; at += parcels.at(-1)!.count) parcels.push(entries[at]!.parcel!)
    return { parcels, payloads: parcels.flatMap(({ payloads = [] }) => payloads) }
  }

  #pack(entries: readonly Entry<unknown>[]): Part<SpilledParcel>[] {
    const parcel = packParcel(entries)
    const size = this.#itemSize
    if (parcel.bytes.length <= size) return [{ some: entries, parcel: { ...parcel, bytes: Buffer.from(parcel.bytes) } }]
    return cutParcels(entries, size, size - OVERHEAD, (entry, encoded) => this.#spilled(entry, encoded))
  }

  #spilled(entry: Entry<unknown>, encoded: Buffer): SpilledParcel {
    const { entry: small, payload } = this.#payloads.spill(entry, encoded)
    return { ...packParcel([small]), payloads: [payload] }
  }
}
