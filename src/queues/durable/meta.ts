import { randomBytes } from 'node:crypto'
import { LAYOUT } from './layout.js'

const MAGIC = 'queuelnk'
const BYTES = 96

/** What a data file says of itself; written by every transaction, so that the counts are always those of what it holds. */
export interface Meta {
  /** Items in line, leased ones included. */
  items: number
  /** Items put or given back with a delay, leased ones included. */
  delayed: number
  /** The place of the next item. */
  next: number
  capacity: number
  shut: boolean
  /** The transaction that wrote this. */
  transaction: number
  /** Of the queue, whatever its path: hexadecimal. */
  readonly identity: string
}

export function newMeta(): Meta {
  const identity = randomBytes(8).toString('hex')
  const capacity = Number.POSITIVE_INFINITY
  return { items: 0, delayed: 0, next: 1, capacity, shut: false, transaction: 0, identity }
}

export function encodeMeta(meta: Meta): Buffer {
  const bytes = Buffer.alloc(BYTES)
  bytes.write(MAGIC, 0, 'latin1')
  bytes.writeUInt32LE(LAYOUT, 8)
  bytes.writeUInt32LE(meta.shut ? 1 : 0, 12)
  bytes.writeDoubleLE(meta.items, 16)
  bytes.writeDoubleLE(meta.delayed, 24)
  bytes.writeDoubleLE(meta.next, 32)
  bytes.writeDoubleLE(meta.capacity, 40)
  bytes.writeDoubleLE(meta.transaction, 48)
  bytes.write(meta.identity, 56, 'hex')
  return bytes
}

/** Undefined: it is none of ours; a number: it has another layout. */
export function decodeMeta(bytes: Buffer | undefined): Meta | number | undefined {
  if (!bytes || bytes.length < 12 || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined
  const layout = bytes.readUInt32LE(8)
  if (layout !== LAYOUT || bytes.length !== BYTES) return layout
  return {
    shut: bytes.readUInt32LE(12) !== 0,
    items: bytes.readDoubleLE(16),
    delayed: bytes.readDoubleLE(24),
    next: bytes.readDoubleLE(32),
    capacity: bytes.readDoubleLE(40),
    transaction: bytes.readDoubleLE(48),
    identity: bytes.toString('hex', 56, 64),
  }
}
