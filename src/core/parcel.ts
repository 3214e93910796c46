import type { Reference } from './spill.js'

/** What was put together, encoded together: decodes by itself anywhere, so that any late reader and any link can pass it on. */
export interface Parcel {
  readonly bytes: Uint8Array
  /** How many of the bytes belong to it; all, where it is not told. */
  readonly length?: number
  /** The bytes by fours, where they begin at a multiple of four. */
  readonly words?: Int32Array
  /** Items in it. */
  readonly count: number
  /** Where its one item lies in a file beside the queue, and only the file's name in the parcel. */
  readonly payload?: ParcelPayload | undefined
}

/** A large item, which need not be read to be passed on. */
export interface ParcelPayload {
  /** The file; it is there as long as the item is held. */
  readonly path: string
  readonly reference: Reference
  /** The parcel for another name of the file. */
  renamed(reference: Reference): Parcel
}

/** Items of a parcel, at most: who takes one of them copies all. */
export const PARCEL_ITEMS = 256
