import { encode } from './codec.js'
import type { Entry } from './entry.js'
import type { Parcel } from './parcel.js'
import { packParcel } from './parcel-codec.js'

/** Entries, and the parcel they are sealed in. */
export interface Part<P extends Parcel> {
  readonly some: readonly Entry<unknown>[]
  readonly parcel: P
}

/**
 * For what is too much for one parcel: an item of more than `itemSize` bytes spills, alone in its parcel, and the others go
 * together, up to `limit` bytes.
 */
export function cutParcels<P extends Parcel>(
  entries: readonly Entry<unknown>[],
  itemSize: number,
  limit: number,
  spill: (entry: Entry<unknown>, encoded: Buffer) => P,
): Part<P | Parcel>[] {
  const parts: Part<P | Parcel>[] = []
  let some: Entry<unknown>[] = []
  let bytes = 0
  const close = (): void => {
    if (some.length > 0) parts.push({ some, parcel: packParcel(some) })
    some = []
    bytes = 0
  }
  for (const entry of entries) {
    const encoded = encode(entry.value)
    if (encoded.length > itemSize) {
      close()
      parts.push({ some: [entry], parcel: spill(entry, encoded) })
      continue
    }
    if (bytes + encoded.length > limit) close()
    some.push(entry)
    bytes += encoded.length
  }
  close()
  return parts
}
