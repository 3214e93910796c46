import { CodecError } from '../errors/codec-error.js'
import { decode, encode } from './codec.js'
import { Entry, type Headers, NO_HEADERS } from './entry.js'
import { packShaped } from './pack-shaped.js'
import type { Parcel, ParcelPayload } from './parcel.js'
import { Reference } from './spill.js'

/** What few items have, by the item's place in the parcel. */
type Extras = readonly [place: number, headers: Headers, key: string | undefined][]

/** What is packed of an item, whether it is put or leased. */
type Packable = Pick<Entry<unknown>, 'value' | 'enqueuedAt' | 'headers' | 'key'>

/**
 * One MessagePack array: `[enqueuedAt, extras, item 0, item 1, …]`, where extras is null as a rule. Throws CodecError if
 * one of the items cannot be encoded.
 */
export function packParcel(entries: readonly Packable[]): Parcel {
  const at = entries[0]?.enqueuedAt ?? 0
  const extras = extrasOf(entries)
  const values = entries.map(({ value }) => value)
  if (!extras) return packValues(values, at)
  return { bytes: encode([at, extras, ...values]), count: values.length }
}

/** As `packParcel`, of items that have nothing but their values. */
export function packValues(values: readonly unknown[], at: number): Parcel {
  return { bytes: shapedOrNot(values, at) ?? encode([at, null, ...values]), count: values.length }
}

function shapedOrNot(values: readonly unknown[], at: number): Buffer | undefined {
  try {
    return packShaped(values, at)
  } catch {
    // It may be a circle, which takes another way; or it fails there as well.
    return undefined
  }
}

/** What is in a parcel, item by item. */
export class OpenParcel<T> {
  readonly enqueuedAt: number
  readonly count: number
  /** The items, from `first` on. */
  readonly items: readonly unknown[]
  readonly first: number
  readonly #extras: Extras | null

  constructor(enqueuedAt: number, extras: Extras | null, items: readonly unknown[], first = 0) {
    this.enqueuedAt = enqueuedAt
    this.count = items.length - first
    this.items = items
    this.first = first
    this.#extras = extras
  }

  /** Of the decoded bytes. Throws CodecError if they are no parcel. */
  static of<T>(parts: unknown): OpenParcel<T> {
    if (!Array.isArray(parts) || parts.length < 2) throw new CodecError('these bytes are no parcel of items')
    return new OpenParcel<T>(parts[0], parts[1], parts, 2)
  }

  value(place: number): T {
    return this.items[place + this.first] as T
  }

  headers(place: number): Headers {
    return this.#extrasOf(place)?.[1] ?? NO_HEADERS
  }

  key(place: number): string | undefined {
    return this.#extrasOf(place)?.[2]
  }

  #extrasOf(place: number): Extras[number] | undefined {
    return this.#extras?.find(([of]) => of === place)
  }
}

/** The file that the one item of a parcel stands for; undefined if it stands for none. */
export function payloadIn(
  parcel: OpenParcel<unknown>,
  pathOf: (reference: Reference) => string,
): ParcelPayload | undefined {
  const reference = parcel.value(0)
  if (!(reference instanceof Reference)) return undefined
  const renamed = (name: Reference): Parcel => {
    return packParcel([new Entry(name, parcel.enqueuedAt, 0, 0, parcel.headers(0), parcel.key(0))])
  }
  return { path: pathOf(reference), reference, renamed }
}

/**
 * The entries as they were packed, but for what only a store knows: due time and priority. Throws CodecError for anything that
 * packParcel does not write.
 */
export function unpackParcel<T>(bytes: Uint8Array): Entry<T>[] {
  const parts = decode(bytes)
  if (!isParcel(parts)) throw new CodecError('these bytes are no parcel of items')
  const [at, extras] = parts
  const known = extras === null ? undefined : new Map(extras.map(extra => [extra[0], extra]))
  const entries = new Array<Entry<T>>(parts.length - 2)
  for (let place = 0; place < entries.length; place++) {
    const value = parts[place + 2] as T
    const extra = known?.get(place)
    entries[place] = extra ? new Entry(value, at, 0, 0, extra[1], extra[2]) : new Entry(value, at)
  }
  return entries
}

function isParcel(parts: unknown): parts is [at: number, extras: Extras | null, ...items: unknown[]] {
  if (!Array.isArray(parts) || parts.length < 2 || !Number.isFinite(parts[0])) return false
  return parts[1] === null || (Array.isArray(parts[1]) && parts[1].every(isExtra))
}

function isExtra(extra: unknown): boolean {
  if (!Array.isArray(extra)) return false
  const [, headers, key] = extra
  if (typeof headers !== 'object' || headers === null || (key !== undefined && typeof key !== 'string')) return false
  return Object.values(headers).every(value => typeof value === 'string')
}

function extrasOf(entries: readonly Packable[]): Extras | null {
  let extras: [number, Headers, string | undefined][] | null = null
  for (let place = 0; place < entries.length; place++) {
    const { headers, key } = entries[place] as Packable
    if (headers === NO_HEADERS && key === undefined) continue
    extras ??= []
    extras.push([place, headers, key])
  }
  return extras
}
