import { encode } from '../../core/codec.js'
import type { Entry } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { packParcel } from '../../core/parcel-codec.js'
import type { Put } from './commit.js'
import type { Payload, Payloads } from './payloads.js'

/** Items of a parcel are stored, and read, together: this many at most. */
const MOST = 256

/** A parcel of which some items are files. */
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

  seal<T>(entries: readonly Entry<T>[]): void {
    const most = (entries[0]?.due ?? 0) > 0 ? 1 : MOST
    // All or nothing: none has a parcel before all are encoded.
    const parcels: Parcel[] = []
    for (let at = 0; at < entries.length; at += most) parcels.push(this.#pack(entries.slice(at, at + most)))
    for (const [index, parcel] of parcels.entries()) {
      const first = entries[index * most]!
      first.parcel = parcel
      for (const entry of entries.slice(index * most, index * most + parcel.count)) {
        entry.bytes = parcel.bytes.length / parcel.count
      }
    }
  }

  /** The parcels of entries that are sealed. */
  opened<T>(entries: readonly Entry<T>[]): Pick<Put, 'parcels' | 'payloads'> {
    const parcels: SpilledParcel[] = []
    for (let at = 0; at < entries.length; at += parcels.at(-1)!.count) parcels.push(entries[at]!.parcel!)
    return { parcels, payloads: parcels.flatMap(({ payloads = [] }) => payloads) }
  }

  #pack(entries: readonly Entry<unknown>[]): SpilledParcel {
    const parcel = packParcel(entries)
    if (parcel.bytes.length <= this.#itemSize) return { ...parcel, bytes: Buffer.from(parcel.bytes) }
    const payloads: Payload[] = []
    const small = entries.map(entry => {
      const encoded = encode(entry.value)
      if (encoded.length <= this.#itemSize) return entry
      const spilled = this.#payloads.spill(entry, encoded)
      payloads.push(spilled.payload)
      return spilled.entry
    })
    return { ...packParcel(small), payloads }
  }
}
