import { GRAIN } from './geometry.js'
import type { Views } from './views.js'

/**
 * A record of the ring is a header and a parcel, and begins at a multiple of 64:
 * `length u32 | count u32 | span u32 | file u32 | first position f64 | due f64 | put at f64 | parcel …`
 * `file` is 1 where the parcel is that of one item, which lies in a file beside the queue. The span tells, from the first position on, which descriptors may point at it.
 */
export const HEADER_BYTES = 40
/** Up to so many bytes, a loop is faster than a call. */
const SHORT = 128

export function recordBytes(length: number): number {
  return (HEADER_BYTES + length + GRAIN - 1) & -GRAIN
}

/** The first position, from this one on, whose slot it is. `slots` is a power of two. */
export function positionOf(slot: number, first: number, slots: number): number {
  const ahead = slot - (first & (slots - 1))
  return first + (ahead < 0 ? ahead + slots : ahead)
}

/** Reads and writes records by their place in the ring: an offset below the ring's bytes. */
export class Records {
  readonly #ints: Int32Array
  readonly #floats: Float64Array
  readonly #bytes: Buffer
  readonly #base: number
  readonly #size: number
  readonly slots: number

  constructor(views: Views) {
    this.#ints = views.ints
    this.#floats = views.floats
    this.#bytes = views.bytes
    this.#base = views.ringBase
    this.#size = views.geometry.ringBytes
    this.slots = views.geometry.slots
  }

  length(place: number): number {
    return this.#ints[(this.#base + place) >>> 2] as number
  }

  count(place: number): number {
    return this.#ints[((this.#base + place) >>> 2) + 1] as number
  }

  span(place: number): number {
    return Math.min(this.#ints[((this.#base + place) >>> 2) + 2] as number, this.slots)
  }

  isFile(place: number): boolean {
    return this.#ints[((this.#base + place) >>> 2) + 3] === 1
  }

  first(place: number): number {
    return this.#floats[(this.#base + place + 16) >>> 3] as number
  }

  due(place: number): number {
    return this.#floats[(this.#base + place + 24) >>> 3] as number
  }

  putAt(place: number): number {
    return this.#floats[(this.#base + place + 32) >>> 3] as number
  }

  /** The position of the item whose descriptor is this slot. */
  position(place: number, slot: number): number {
    return positionOf(slot, this.first(place), this.slots)
  }

  writeHeader(
    place: number,
    length: number,
    count: number,
    span: number,
    first: number,
    due: number,
    at: number,
    isFile: boolean,
  ): void {
    const int = (this.#base + place) >>> 2
    this.#ints[int] = length
    this.#ints[int + 1] = count
    this.#ints[int + 2] = span
    this.#ints[int + 3] = isFile ? 1 : 0
    const float = (this.#base + place + 16) >>> 3
    this.#floats[float] = first
    this.#floats[float + 1] = due
    this.#floats[float + 2] = at
  }

  /** `words`: the same by fours. What is written beyond the parcel belongs to its record as well. */
  writeParcel(place: number, parcel: Uint8Array, length: number, words?: Int32Array): void {
    const from = place + HEADER_BYTES
    const start = this.#base + from
    const whole = this.#size - from
    if (length > whole) {
      this.#bytes.set(parcel.subarray(0, whole), start)
      this.#bytes.set(parcel.subarray(whole, length), this.#base)
    } else if (length > SHORT) this.#bytes.set(length === parcel.length ? parcel : parcel.subarray(0, length), start)
    else if (words && (length + 3) >> 2 <= words.length) {
      const word = start >> 2
      for (let index = (length - 1) >> 2; index >= 0; index--) this.#ints[word + index] = words[index] as number
    } else for (let index = 0; index < length; index++) this.#bytes[start + index] = parcel[index] as number
  }

  /** Copies the parcel out, for the ring may move on; answers where it ends. `words`: the target by fours, if `at` is a multiple of four. */
  copyParcel(place: number, target: Buffer, at: number, words?: Int32Array): number {
    const length = this.length(place)
    const from = place + HEADER_BYTES
    const whole = this.#size - from
    const start = this.#base + from
    if (words && length <= SHORT && length <= whole) {
      const [source, to] = [start >> 2, at >> 2]
      for (let index = (length - 1) >> 2; index >= 0; index--) words[to + index] = this.#ints[source + index] as number
    } else if (length <= SHORT && length <= whole) {
      for (let index = 0; index < length; index++) target[at + index] = this.#bytes[start + index] as number
    } else if (length <= whole) this.#bytes.copy(target, at, start, start + length)
    else {
      this.#bytes.copy(target, at, start, start + whole)
      this.#bytes.copy(target, at + whole, this.#base, this.#base + length - whole)
    }
    return at + length
  }

  readParcel(place: number): Buffer {
    const parcel = Buffer.allocUnsafe(this.length(place))
    this.copyParcel(place, parcel, 0)
    return parcel
  }

  /** Copies a whole record to another place. */
  copy(from: number, to: number): void {
    const parcel = this.readParcel(from)
    const { length } = parcel
    const [count, span, first, due, at] = [
      this.count(from),
      this.span(from),
      this.first(from),
      this.due(from),
      this.putAt(from),
    ]
    this.writeHeader(to, length, count, span, first, due, at, this.isFile(from))
    this.writeParcel(to, parcel, length)
  }
}
