import { QueueLinkError } from '../errors/queue-link-error.js'
import { bootId } from './boot-id.js'
import { pidNamespace } from './pid-namespace.js'

// An arena's file, little-endian:
//
//      0  magic, 8 bytes                             never changed after creation
//      8  version of this layout u32 | checksum u32  (of the first 192 bytes, with 0 in its own place)
//     16  kind, 4 letters | version of the kind's layout u32
//     24  bytes of the whole file f64
//     32  created at, ms f64
//     40  identity, 8 random bytes
//     48  pid namespace f64 | boot id, 16 bytes
//     72  how many numbers follow, u32 | 0
//     80  the kind's own numbers f64 x 14
//    192  lock: tag of the holder i32 | turns i32 | wanted i32    a cache line of its own
//    256  when the dead were last looked for, ms f64
//    264  slots ever used i32 | last waiter woken, of each of 4 conditions i32
//    288  waiters: for each condition a bit for each slot, i32 x 8 x 4 (items, room, rest, the lock)
//    512  participants x 255: tag i32 (0: free) | how many had the slot before i32 | pid i32 | 0
//   8192  the kind's own
const MAGIC = Buffer.from('queuelnk', 'latin1')
const VERSION = 1
const FIXED = 192
const MOST_NUMBERS = 14

export const LOCK_AT = 192
export const LOOKED_AT = 256
export const USED_AT = 264
export const WOKEN_AT = 268
export const WAITERS_AT = 288
export const PARTICIPANTS_AT = 512
export const BODY_AT = 8192

/** A slot, counted from 1, fits 8 bits. */
export const SLOTS = 255

/** What the kind's code says about its arenas. */
export interface ArenaKind {
  /** Four letters. */
  readonly kind: string
  /** Of the kind's layout of the body. */
  readonly version: number
  /** Processes of several containers may use it together: no process id in the body means anything. */
  readonly acrossContainers?: boolean
}

export interface ArenaHeader {
  /** The kind's own numbers, at most 14: sizes, capacities. */
  readonly numbers: readonly number[]
  /** Of the whole file. */
  readonly bytes: number
  readonly createdAt: number
  /** Of this file, whatever its name; hexadecimal. */
  readonly identity: string
}

export function encodeHeader(kind: ArenaKind, header: ArenaHeader): Buffer {
  const bytes = Buffer.alloc(FIXED)
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(VERSION, 8)
  bytes.write(kind.kind, 16, 4, 'latin1')
  bytes.writeUInt32LE(kind.version, 20)
  bytes.writeDoubleLE(header.bytes, 24)
  bytes.writeDoubleLE(header.createdAt, 32)
  bytes.write(header.identity, 40, 8, 'hex')
  bytes.writeDoubleLE(pidNamespace(), 48)
  bytes.set(bootId(), 56)
  if (header.numbers.length > MOST_NUMBERS) throw new RangeError(`an arena has at most ${MOST_NUMBERS} numbers`)
  bytes.writeUInt32LE(header.numbers.length, 72)
  for (const [index, number] of header.numbers.entries()) bytes.writeDoubleLE(number, 80 + 8 * index)
  bytes.writeUInt32LE(checksum(bytes), 12)
  return bytes
}

/** Throws what is wrong with the first bytes of a file of this size. */
export function decodeHeader(kind: ArenaKind, bytes: Buffer, size: number): ArenaHeader {
  if (size < BODY_AT || bytes.length < FIXED) throw wrong('ERR_DAMAGED', `it has only ${size} bytes`)
  if (!bytes.subarray(0, 8).equals(MAGIC)) throw wrong('ERR_FOREIGN', 'it is none of ours')
  const version = bytes.readUInt32LE(8)
  if (version !== VERSION) throw wrong('ERR_LAYOUT', `its layout is version ${version}, and this is version ${VERSION}`)
  if (bytes.readUInt32LE(12) !== checksum(bytes)) throw wrong('ERR_DAMAGED', 'its header was changed')
  const found = bytes.toString('latin1', 16, 20)
  if (found !== kind.kind) throw wrong('ERR_FOREIGN', `it is of kind ${found}, and not ${kind.kind}`)
  const own = bytes.readUInt32LE(20)
  if (own !== kind.version)
    throw wrong('ERR_LAYOUT', `its queue has version ${own}, and this is version ${kind.version}`)
  const whole = bytes.readDoubleLE(24)
  if (whole !== size) throw wrong('ERR_DAMAGED', `it has ${size} bytes of ${whole}`)
  if (!bytes.subarray(56, 72).equals(bootId()))
    throw wrong('ERR_OTHER_BOOT', 'it is from before the system was started')
  if (!kind.acrossContainers && bytes.readDoubleLE(48) !== pidNamespace()) {
    throw wrong('ERR_OTHER_CONTAINER', 'it belongs to the processes of another container (pid namespace)')
  }
  const count = bytes.readUInt32LE(72)
  const numbers = Array.from({ length: count }, (_, index) => bytes.readDoubleLE(80 + 8 * index))
  return { numbers, bytes: whole, createdAt: bytes.readDoubleLE(32), identity: bytes.toString('hex', 40, 48) }
}

/** FNV-1a: finds what was changed by accident. */
function checksum(bytes: Buffer): number {
  let sum = 0x811c9dc5
  for (let at = 0; at < FIXED; at++) {
    const byte = at >= 12 && at < 16 ? 0 : bytes[at]!
    sum = Math.imul(sum ^ byte, 0x01000193)
  }
  return sum >>> 0
}

function wrong(code: string, why: string): QueueLinkError {
  return new QueueLinkError(why, code)
}
