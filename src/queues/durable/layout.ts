/**
 * What lies in the data file: an lmdb environment of these tables. Keys are 16 bytes that sort as they should:
 *
 *   first f64, its bits turned so that they sort | base u64
 *
 *   items    priority | base: a parcel of items in line, with places base, base + 1 … that no other item ever has
 *   delayed  due      | base: one item that waits for its time, or has come to it
 *   done     as items: a bit for each item of a parcel that is settled while others of it are not
 *   keys     sha256 of a put's key: what is known of it
 *   expiry   time     | the same: when that may be forgotten
 *   clients  sha256 of a client's name: the last of its numbers that was stored
 *   payloads name of a file that belongs to an item
 *   damaged  as items or delayed: parcels that could not be read, set aside
 *   (root)   'meta'
 *
 * A record is its head and the parcel:
 *
 *   0 flags u8 (1: items have keys, 2: items have payloads) | 1: 0 | 2 attempt u16 | 4 count u32 | 8 place f64 | 16 priority f64
 *
 * `place` is the time by which an item that was delayed stands in line: its due time when it was put with a delay, when
 * it was put when it was given back with one.
 */
export const LAYOUT = 1

export const HEAD = 24
export const HAS_KEYS = 1
export const HAS_PAYLOADS = 2

export interface RecordHead {
  readonly flags: number
  readonly attempt: number
  readonly count: number
  readonly place: number
  readonly priority: number
}

export function encodeRecord(head: RecordHead, parcel: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + parcel.length)
  bytes[0] = head.flags
  bytes[1] = 0
  bytes.writeUInt16LE(Math.min(head.attempt, 0xffff), 2)
  bytes.writeUInt32LE(head.count, 4)
  bytes.writeDoubleLE(head.place, 8)
  bytes.writeDoubleLE(head.priority, 16)
  bytes.set(parcel, HEAD)
  return bytes
}

/** Of bytes that are no record the count is 0. */
export function decodeHead(bytes: Buffer): RecordHead {
  if (bytes.length < HEAD) return { flags: 0, attempt: 0, count: 0, place: 0, priority: 0 }
  return {
    flags: bytes[0]!,
    count: bytes.readUInt32LE(4),
    attempt: bytes.readUInt16LE(2),
    place: bytes.readDoubleLE(8),
    priority: bytes.readDoubleLE(16),
  }
}

/** A new buffer: lmdb may keep it until the transaction is over. */
export function keyOf(first: number, base: number): Buffer {
  const key = Buffer.allocUnsafe(16)
  writeSorted(key, first)
  key.writeUInt32BE(Math.floor(base / 2 ** 32), 8)
  key.writeUInt32BE(base >>> 0, 12)
  return key
}

export function firstOf(key: Buffer): number {
  const bits = Buffer.from(key.subarray(0, 8))
  // What was turned to sort below zero is turned back whole, the rest by its sign alone.
  if ((bits[0]! & 0x80) === 0) for (let at = 0; at < 8; at++) bits[at]! ^= 0xff
  else bits[0]! ^= 0x80
  return bits.readDoubleBE(0)
}

export function baseOf(key: Buffer): number {
  return key.readUInt32BE(8) * 2 ** 32 + key.readUInt32BE(12)
}

/** The time, then what it belongs to. */
export function expiryKey(time: number, digest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(8 + digest.length)
  writeSorted(key, time)
  key.set(digest, 8)
  return key
}

/** IEEE numbers sort as their bits do when those of negative ones are all turned, and of others the sign. -0 counts as 0. */
function writeSorted(key: Buffer, first: number): void {
  key.writeDoubleBE(first === 0 ? 0 : first, 0)
  if ((key[0]! & 0x80) === 0) key[0]! ^= 0x80
  else for (let at = 0; at < 8; at++) key[at]! ^= 0xff
}
