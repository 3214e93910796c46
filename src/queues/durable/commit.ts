import { createHash } from 'node:crypto'
import type { Entry } from '../../core/entry.js'
import { unpackParcel } from '../../core/parcel-codec.js'
import { countBits } from './count-bits.js'
import type { BytesTable, Database } from './database.js'
import { hasBit } from './has-bit.js'
import { decodeHead, encodeRecord, expiryKey, HAS_KEYS, HAS_PAYLOADS, HEAD, keyOf } from './layout.js'
import { DELAYED, ITEMS, type Line } from './ledger.js'
import type { Meta } from './meta.js'
import { type Payload, payloadOf } from './payloads.js'

/** Items that are stored together or not at all. */
export interface Put {
  readonly ticket: number
  readonly parcels: readonly { readonly bytes: Uint8Array; readonly count: number }[]
  readonly count: number
  readonly due: number
  readonly priority: number
  /** When it was put. */
  readonly at: number
  readonly key: string | undefined
  readonly client: { readonly name: string; readonly number: number } | undefined
  /** What its items refer to. */
  readonly payloads: readonly Payload[]
}

/** Where an item is. */
export interface Place {
  readonly seq: number
  readonly line: Line
  /** The first part of its record's key, and its index in the parcel there. */
  readonly first: number
  readonly index: number
  /** The item itself, where it was read already. */
  readonly entry: Entry<unknown> | undefined
}

/** An item that goes to the delayed ones. */
export interface Move {
  readonly from: Place
  readonly item: Entry<unknown>
  readonly parcel: Uint8Array
  readonly due: number
  readonly attempt: number
  readonly priority: number
}

/** Everything that one participant has to commit. */
export interface Work {
  readonly puts: readonly Put[]
  readonly settled: readonly Place[]
  readonly moves: readonly Move[]
  readonly tasks: readonly Task[]
}

/** Whatever else is to be done in the same transaction. */
export interface Task {
  /** May answer items that are settled by it. */
  run(db: Database, meta: Meta): readonly Place[] | void
  committed(): void
  failed(error: unknown): void
}

/** What a transaction changed, to be made known to all when it is committed. */
export interface Changes {
  /** Items of puts that were known already. */
  repeated: number
  repeatedDelayed: number
  /** Items of `delayed` that are there no more. */
  fewerDelayed: number
  /** The first place in each line where something new stands. */
  lowest: [first: number, base: number][]
  /** The last place in each line where a record is there no more. */
  highest: [first: number, base: number][]
  /** Files that no item refers to any more. */
  readonly payloads: string[]
}

/** Keys and clients that are over are forgotten, so many with each transaction. */
const FORGET = 16

/** Writes the work into the tables, inside a transaction. */
export class Commit {
  readonly changes: Changes = {
    repeated: 0,
    repeatedDelayed: 0,
    fewerDelayed: 0,
    lowest: [],
    highest: [],
    payloads: [],
  }
  readonly #db: Database
  readonly #meta: Meta
  readonly #keyTtl: number
  readonly #now: number

  constructor(db: Database, keyTtl: number, now: number) {
    this.#db = db
    this.#meta = db.meta
    this.#keyTtl = keyTtl
    this.#now = now
  }

  /** Answers the number of the transaction. */
  run(work: Work): number {
    this.#forget()
    // First what is over: a key may come free by it.
    this.#settle(work.settled)
    for (const move of work.moves) this.#move(move)
    for (const put of work.puts) this.#put(put)
    for (const task of work.tasks) this.#settle(task.run(this.#db, this.#meta) ?? [])
    this.#db.meta = this.#meta
    return this.#meta.transaction
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #put(put: Put): void {
    if (this.#isRepeated(put)) {
      this.changes.repeated += put.count
      if (put.due > 0) this.changes.repeatedDelayed += put.count
      this.changes.payloads.push(...put.payloads.map(({ name }) => name))
      return
    }
    const meta = this.#meta
    const flags = (put.key === undefined ? 0 : HAS_KEYS) | (put.payloads.length > 0 ? HAS_PAYLOADS : 0)
    const line = put.due > 0 ? DELAYED : ITEMS
    const first = put.due > 0 ? put.due : put.priority
    for (const { bytes, count } of put.parcels) {
      const head = { flags, attempt: 0, count, place: put.due || put.at, priority: put.priority }
      this.#store(line, first, meta.next, encodeRecord(head, bytes))
      meta.next += count
    }
    if (line === DELAYED) meta.delayed += put.count
    else meta.items += put.count
    for (const { name } of put.payloads) this.#db.payloads.put(Buffer.from(name), EMPTY)
  }

  #store(line: Line, first: number, base: number, record: Buffer): void {
    const table = line === DELAYED ? this.#db.delayed : this.#db.items
    table.put(keyOf(first, base), record)
    const lowest = this.changes.lowest[line]
    if (!lowest || first < lowest[0] || (first === lowest[0] && base < lowest[1]))
      this.changes.lowest[line] = [first, base]
  }

  #isRepeated({ key, client, count }: Put): boolean {
    if (client) {
      const id = digestOf(client.name)
      const known = this.#db.clients.get(id)
      if (known && known.readDoubleLE(0) >= client.number) return true
      const value = Buffer.alloc(16)
      value.writeDoubleLE(client.number, 0)
      value.writeDoubleLE(this.#now, 8)
      this.#db.clients.put(id, value)
    }
    if (key === undefined) return false
    const id = digestOf(key)
    const known = keyState(this.#db.keys.get(id))
    if (known && (known.left > 0 || known.until > this.#now)) return true
    if (known) this.#db.expiry.remove(expiryKey(known.until, id))
    this.#db.keys.put(id, keyBytes(count, 0))
    return false
  }

  #move({ from, item, parcel, due, attempt, priority }: Move): void {
    if (this.#remove(from.line, from.first, [from]) === 0) return
    const flags = (item.key === undefined ? 0 : HAS_KEYS) | (payloadOf(item.value) ? HAS_PAYLOADS : 0)
    const head = { flags, attempt, count: 1, place: item.enqueuedAt, priority }
    this.#store(DELAYED, due, from.seq, encodeRecord(head, parcel))
    this.#meta.delayed++
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #settle(places: readonly Place[]): void {
    // Items of one record follow one another, as a rule.
    let start = 0
    for (let at = 1; at <= places.length; at++) {
      const [one, next] = [places[start]!, places[at]]
      if (next && next.line === one.line && next.first === one.first && next.seq - next.index === one.seq - one.index) {
        continue
      }
      const group = places.slice(start, at)
      for (const entry of this.#entriesOf(group)) this.#forgetItem(entry)
      this.#remove(one.line, one.first, group)
      start = at
    }
  }

  /** Those of a record's items that are settled in one go and have a key or a payload. One who died may have settled some before. */
  #entriesOf(group: readonly Place[]): Entry<unknown>[] {
    if (group.every(place => place.entry)) return group.map(place => place.entry!)
    const [{ line, first, seq, index }] = group as [Place]
    const key = keyOf(first, seq - index)
    const record = this.#table(line).get(key)
    if (!record || decodeHead(record).flags === 0) return []
    const entries = unpackParcel<unknown>(record.subarray(HEAD))
    const bits = this.#db.done.get(key)
    return group.flatMap(place => (hasBit(bits, place.index) ? [] : (entries[place.index] ?? [])))
  }

  /** Takes items out of their record; how many of them were there. */
  #remove(line: Line, first: number, group: readonly Place[]): number {
    const [{ seq, index }] = group as [Place]
    const key = keyOf(first, seq - index)
    const table = this.#table(line)
    const record = table.get(key)
    const count = record ? decodeHead(record).count : 0
    if (count === 0) return 0
    const bits = this.#db.done.get(key)
    const { removed, left } =
      bits || group.length < count ? this.#mark(key, bits, count, group) : { removed: count, left: 0 }
    if (left === 0) {
      table.remove(key)
      this.#noteGone(line, first, seq - index)
    }
    this.#less(line, removed)
    return removed
  }

  #noteGone(line: Line, first: number, base: number): void {
    const highest = this.changes.highest[line]
    if (!highest || first > highest[0] || (first === highest[0] && base > highest[1])) {
      this.changes.highest[line] = [first, base]
    }
  }

  /** Of a parcel, some are done and some are not. */
  #mark(key: Buffer, before: Buffer | undefined, count: number, group: readonly Place[]) {
    const bits = before ? Buffer.from(before) : Buffer.alloc((count + 7) >> 3)
    let removed = 0
    for (const { index } of group) {
      if (hasBit(bits, index)) continue
      bits[index >> 3]! |= 1 << (index & 7)
      removed++
    }
    const left = count - countBits(bits)
    if (left > 0) this.#db.done.put(key, bits)
    else this.#db.done.remove(key)
    return { removed, left }
  }

  #less(line: Line, count: number): void {
    if (line === DELAYED) {
      this.#meta.delayed -= count
      this.changes.fewerDelayed += count
    } else this.#meta.items -= count
  }

  #forgetItem(entry: Entry<unknown>): void {
    const payload = payloadOf(entry.value)
    if (payload !== undefined) {
      this.#db.payloads.remove(Buffer.from(payload))
      this.changes.payloads.push(payload)
    }
    if (entry.key === undefined) return
    const id = digestOf(entry.key)
    const known = keyState(this.#db.keys.get(id))
    if (!known || known.left === 0) return
    if (known.left > 1) this.#db.keys.put(id, keyBytes(known.left - 1, 0))
    else if (this.#keyTtl === 0) this.#db.keys.remove(id)
    else {
      const until = this.#now + this.#keyTtl
      this.#db.keys.put(id, keyBytes(0, until))
      this.#db.expiry.put(expiryKey(until, id), EMPTY)
    }
  }

  #forget(): void {
    const over = [...this.#db.expiry.getKeys({ end: expiryKey(this.#now, Buffer.alloc(0)), limit: FORGET })]
    for (const key of over) {
      this.#db.expiry.remove(key)
      this.#db.keys.remove(key.subarray(8))
    }
  }

  #table(line: Line): BytesTable {
    return line === DELAYED ? this.#db.delayed : this.#db.items
  }
}

const EMPTY = Buffer.alloc(1)

/** Of a put's key: how many of its items are in the queue, and, when none is, until when it is remembered. */
function keyState(bytes: Buffer | undefined): { left: number; until: number } | undefined {
  return bytes && { left: bytes.readUInt32LE(0), until: bytes.readDoubleLE(4) }
}

function keyBytes(left: number, until: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(left, 0)
  bytes.writeDoubleLE(until, 4)
  return bytes
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
