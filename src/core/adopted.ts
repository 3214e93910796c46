import { Entry } from './entry.js'
import type { Parcel } from './parcel.js'

/** What is offered for a parcel that was sealed elsewhere: its items are known by their number alone, and share one entry. */
export function adopted<T>(parcel: Parcel, at: number): readonly Entry<T>[] {
  const entry = new Entry<T>(undefined as T, at)
  entry.parcel = parcel
  return new Array<Entry<T>>(parcel.count).fill(entry)
}
