import { checkLengths } from '../../core/check-lengths.js'
import { decode } from '../../core/codec.js'
import type { Entry } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { OpenParcel, payloadIn, unpackParcel } from '../../core/parcel-codec.js'
import type { Database } from './database.js'
import { hasBit } from './has-bit.js'
import { baseOf, decodeHead, firstOf, HAS_KEYS, HEAD, keyOf, type RecordHead } from './layout.js'
import { FREE, RETURNED, stateOf } from './lease-table.js'
import { DELAYED, type Ledger, type Line } from './ledger.js'
import type { Payloads } from './payloads.js'

/** Records read at once, and their bytes. */
const RECORDS = 32
const BYTES = 256 * 1024
const LAST = Number.MAX_SAFE_INTEGER

/** A parcel in line, as it was read. */
export class LineRecord<T> {
  readonly line: Line
  readonly first: number
  readonly base: number
  readonly head: RecordHead
  /** Items before this one were found taken. */
  next = 0
  /** Of a parcel of several: which are settled, as of that version. */
  bits: Buffer | undefined
  version = -1
  readonly #parcel: Buffer
  readonly #payloads: Payloads
  #sealed: Parcel | undefined | null = null
  #entries: readonly Entry<T>[] | undefined

  constructor(line: Line, key: Buffer, head: RecordHead, parcel: Buffer, payloads: Payloads) {
    this.line = line
    this.first = firstOf(key)
    this.base = baseOf(key)
    this.head = head
    this.#parcel = parcel
    this.#payloads = payloads
  }

  get bytes(): number {
    return this.#parcel.length
  }

  /** As it is on disk, where it can be passed on: its items have no keys, and no lengths that cannot be. */
  get sealed(): Parcel | undefined {
    if (this.#sealed === null) this.#sealed = this.#seal()
    return this.#sealed
  }

  get isReadable(): boolean {
    try {
      return this.entries.length === this.head.count
    } catch {
      return false
    }
  }

  /** Undefined where none was asked for. */
  get opened(): readonly Entry<T>[] | undefined {
    return this.#entries
  }

  /** Throws CodecError if it cannot be read. */
  get entries(): readonly Entry<T>[] {
    this.#entries ??= unpackParcel<T>(this.#parcel)
    return this.#entries
  }

  #seal(): Parcel | undefined {
    const { flags, count } = this.head
    // A key means something to the queue that has it; what is delayed stands alone, at another time than that of its put.
    if (this.line === DELAYED || (flags & HAS_KEYS) !== 0) return undefined
    try {
      checkLengths(this.#parcel)
      if (flags === 0) return { bytes: this.#parcel, count }
      if (count > 1) return undefined
      const payload = payloadIn(OpenParcel.of(decode(this.#parcel)), of => this.#payloads.pathOf(of))
      return payload && { bytes: this.#parcel, count, payload }
    } catch {
      return undefined
    }
  }
}

/**
 * The records of one table, in order, from its cursor on. Reads some ahead: what is in a record never changes, and who takes one
 * away behind the cursor, or puts one between those that were read or before the cursor, counts the epoch up.
 */
export class LineReader<T> {
  readonly #db: Database
  readonly #ledger: Ledger
  readonly #line: Line
  readonly #payloads: Payloads
  /** Told of a record that cannot be read; it is passed over. */
  readonly #damaged: (key: Buffer) => void
  #records: LineRecord<T>[] = []
  #at = 0
  #epoch = -1
  /** Behind the last record that was read there was nothing, as of this version and up to this key. */
  #endsIn = -1
  #endsAt = LAST

  constructor(db: Database, ledger: Ledger, line: Line, payloads: Payloads, damaged: (key: Buffer) => void) {
    this.#db = db
    this.#ledger = ledger
    this.#line = line
    this.#payloads = payloads
    this.#damaged = damaged
  }

  /**
   * The first record of which something can be taken; under the lock. `until`: its key begins with no more than that.
   * `sealed`: it may be passed on as it is.
   */
  head(until: number, sealed: boolean): LineRecord<T> | undefined {
    this.#catchUp()
    for (;;) {
      const record = this.#records[this.#at] ?? this.#more(until)
      if (!record || record.first > until) return undefined
      if (!(sealed && record.sealed) && !record.isReadable) this.#damaged(keyOf(record.first, record.base))
      else if (this.#seek(record)) return record
      this.pass(record)
    }
  }

  /** One item of it was taken. False: that was the last one. */
  again(record: LineRecord<T>): boolean {
    record.next++
    if (this.#seek(record)) return true
    this.pass(record)
    return false
  }

  /** Nothing can be taken of it, nor of what is before it. */
  pass(record: LineRecord<T>): void {
    this.#at++
    this.#ledger.pass(this.#line, record.first, record.base + 1)
  }

  /** Moves `next` to the first item that nobody has; false: there is none. */
  #seek(record: LineRecord<T>): boolean {
    const { table, version, cleared } = this.#ledger
    const { count } = record.head
    if (count > 1 && record.version !== version) {
      record.bits = this.#db.done.get(keyOf(record.first, record.base))
      record.version = version
    }
    for (; record.next < count; record.next++) {
      const index = record.next
      if (hasBit(record.bits, index)) continue
      const seq = record.base + index
      const at = table.find(seq)
      const state = at < 0 ? FREE : stateOf(table.word(at))
      if (state === RETURNED || (state === FREE && seq >= cleared)) return true
    }
    return false
  }

  /** Others may have taken what was read ahead, or given back what was passed. */
  #catchUp(): void {
    const ledger = this.#ledger
    const epoch = ledger.epoch(this.#line)
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#records = []
      this.#at = 0
      this.#endsIn = -1
      return
    }
    const first = ledger.first(this.#line)
    const base = ledger.base(this.#line)
    for (let next = this.#records[this.#at]; next; next = this.#records[++this.#at]) {
      if (next.first > first || (next.first === first && next.base >= base)) return
    }
  }

  #more(until: number): LineRecord<T> | undefined {
    const ledger = this.#ledger
    if (this.#endsIn === ledger.version && this.#endsAt >= until) return undefined
    this.#records = []
    this.#at = 0
    const table = this.#line === DELAYED ? this.#db.delayed : this.#db.items
    const start = keyOf(ledger.first(this.#line), ledger.base(this.#line))
    const end = until === Number.POSITIVE_INFINITY ? undefined : keyOf(until, LAST)
    let bytes = 0
    let isCut = false
    for (const { key, value } of table.getRange(end ? { start, end } : { start })) {
      const head = decodeHead(value)
      const record = new LineRecord<T>(this.#line, key, head, value.subarray(HEAD), this.#payloads)
      this.#records.push(record)
      bytes += record.bytes
      isCut = this.#records.length >= RECORDS || bytes >= BYTES
      if (isCut) break
    }
    const last = this.#records.at(-1)
    if (last) ledger.readUpTo(this.#line, last.first, last.base)
    this.#endsIn = isCut ? -1 : ledger.version
    this.#endsAt = until
    return this.#records[0]
  }
}
