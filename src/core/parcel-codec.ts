import { CodecError } from '../errors/codec-error.js'
import { decode, encode } from './codec.js'
import { Entry, type Headers, NO_HEADERS } from './entry.js'
import type { Parcel } from './parcel.js'

/** What few items have, by the item's place in the parcel. */
type Extras = readonly [place: number, headers: Headers, key: string | undefined][]

/**
 * One MessagePack array: `[enqueuedAt, extras, item 0, item 1, …]`, where extras is null as a rule. Throws CodecError if
 * one of the items cannot be encoded.
 */
export function packParcel(entries: readonly Entry<unknown>[]): Parcel {
  const parts: unknown[] = [entries[0]?.enqueuedAt ?? 0, extrasOf(entries)]
  for (const entry of entries) parts.push(entry.value)
  return { bytes: encode(parts), count: entries.length }
}

/** The entries as they were packed, but for what only a store knows: due time and priority. */
export function unpackParcel<T>(bytes: Uint8Array): Entry<T>[] {
  const parts = decode(bytes)
  if (!Array.isArray(parts) || parts.length < 2) throw new CodecError('these bytes are no parcel of items')
  const [at, extras, ...values] = parts as [number, Extras | null, ...T[]]
  if (!extras) return values.map(value => new Entry(value, at))
  const more = new Map(extras.map(([place, headers, key]) => [place, { headers, key }]))
  return values.map((value, place) => {
    const { headers = NO_HEADERS, key } = more.get(place) ?? {}
    return new Entry(value, at, 0, 0, headers, key)
  })
}

function extrasOf(entries: readonly Entry<unknown>[]): Extras | null {
  let extras: [number, Headers, string | undefined][] | null = null
  for (let place = 0; place < entries.length; place++) {
    const { headers, key } = entries[place] as Entry<unknown>
    if (headers === NO_HEADERS && key === undefined) continue
    extras ??= []
    extras.push([place, headers, key])
  }
  return extras
}
