/** The numbers that fix where everything lies in a shared queue's memory; docs/shared-memory-layout.md draws it. */
export interface Geometry {
  /** Items ready, delayed and leased together. */
  readonly capacity: number
  /** Descriptors: a power of two, at least twice the capacity, so that a free one is always ahead of the put hand. */
  readonly slots: number
  /** Bytes of the ring that holds the parcels. */
  readonly ringBytes: number
}

/** Records begin at multiples of this, so that no header is cut in two where the ring wraps. */
export const GRAIN = 64

/** The first part of the body, before the descriptors. */
export const STATE_BYTES = 512
/** word i32, chunk u32 (ring offset / 64), index in the parcel u32, attempts u32 */
export const SLOT_BYTES = 16
export const DUE_BYTES = 8
export const RETURNED_BYTES = 4

/** The share of the ring that puts leave free, so that old leased records can be copied forward. No record is larger. */
export const RESERVE = 8

export const SMALLEST_RING = 4096
export const LARGEST_RING = 2 ** 31
export const LARGEST_CAPACITY = 2 ** 22

export function geometryOf(capacity: number, bytes: number): Geometry {
  return {
    capacity,
    slots: 2 ** Math.ceil(Math.log2(capacity * 2)),
    ringBytes: Math.ceil(bytes / SMALLEST_RING) * SMALLEST_RING,
  }
}

export function dueOffset({ slots }: Geometry): number {
  return STATE_BYTES + slots * SLOT_BYTES
}

export function returnedOffset(geometry: Geometry): number {
  return dueOffset(geometry) + geometry.slots * DUE_BYTES
}

export function ringOffset(geometry: Geometry): number {
  return Math.ceil((returnedOffset(geometry) + geometry.slots * RETURNED_BYTES) / GRAIN) * GRAIN
}

export function bodyBytes(geometry: Geometry): number {
  return ringOffset(geometry) + geometry.ringBytes
}
