import type { DamagedRecords } from './damage.js'
import type { Database } from './database.js'
import { DurableLease, itemOf } from './durable-lease.js'
import { firstOf, keyOf } from './layout.js'
import { attemptOf, LEASED, wordOf } from './lease-table.js'
import { DELAYED, ITEMS, type Ledger } from './ledger.js'
import { LineReader, type LineRecord } from './line-reader.js'
import type { Payloads } from './payloads.js'
import { snapshotOf } from './snapshot.js'
import type { StoredItem } from './stored-item.js'

const LAST = Number.MAX_SAFE_INTEGER

/** Of the delayed items: how many are due, and when the next one will be. */
interface Due {
  readonly version: number
  readonly until: number
  readonly count: number
  readonly next: number
}

/** Reads the two lines as one: items in line, and delayed ones whose time has come. */
export class Taking<T> {
  readonly #ledger: Ledger
  readonly #payloads: Payloads
  readonly #db: Database
  readonly #follow: () => void
  readonly #items: LineReader<T>
  readonly #delayed: LineReader<T>
  #due: Due = { version: -1, until: 0, count: 0, next: 0 }
  #version = -1
  #now = 0

  /** `follow`: goes over to the data file that counts. */
  constructor(db: Database, ledger: Ledger, payloads: Payloads, follow: () => void, damaged: DamagedRecords) {
    this.#follow = follow
    this.#db = db
    this.#ledger = ledger
    this.#payloads = payloads
    this.#items = new LineReader(db, ledger, ITEMS, payloads, key => damaged.found(ITEMS, key))
    this.#delayed = new LineReader(db, ledger, DELAYED, payloads, key => damaged.found(DELAYED, key))
  }

  /** Under the lock: leases up to so many items for this slot. `sealed`: parcels are neither opened nor cut, also beyond `max`. */
  take(max: number, now: number, slot: number, sealed: boolean): DurableLease<T>[] {
    this.#refresh(now)
    const leases: DurableLease<T>[] = []
    this.#fill(leases, max, slot, sealed)
    this.#ledger.leased += leases.length
    return leases
  }

  /** Under the lock: what would be taken next. */
  peek(now: number): T | undefined {
    this.#refresh(now)
    const record = this.#head()
    return record && itemOf(record.entries[record.next]!, this.#payloads)
  }

  /** Every item, whoever holds it; needs no lock. */
  snapshot(): Iterable<StoredItem<T>> {
    return snapshotOf(this.#db, this.#ledger, this.#payloads, this.#follow)
  }

  /** As of the last time that was given: an item is due when it was looked for since it is. */
  get due(): Due {
    const { version } = this.#ledger
    const known = this.#due
    const isCurrent = known.version === version && known.until <= this.#now
    if (isCurrent && this.#now < known.next) return known
    this.#refresh()
    const { delayed } = this.#db
    const start = isCurrent ? keyOf(known.until, LAST) : undefined
    const end = keyOf(this.#now, LAST)
    const more = delayed.getKeysCount(start ? { start, end } : { end })
    const [next] = delayed.getKeys({ start: end, limit: 1 })
    this.#due = {
      version,
      until: this.#now,
      count: more + (isCurrent ? known.count : 0),
      next: next ? firstOf(next) : Number.POSITIVE_INFINITY,
    }
    return this.#due
  }

  #reader({ line }: LineRecord<T>): LineReader<T> {
    return line === DELAYED ? this.#delayed : this.#items
  }

  #refresh(now = this.#now): void {
    // Nobody who knows of no delayed item asks for the time. It may go back.
    if (now > 0) this.#now = now
    const { version } = this.#ledger
    if (version === this.#version) return
    this.#version = version
    this.#follow()
    this.#db.refresh()
  }

  /** A delayed item stands in line as if it had been put when it fell due, before others of that millisecond, or, given back, when it was put. */
  #head(sealed = false): LineRecord<T> | undefined {
    const item = this.#items.head(Number.POSITIVE_INFINITY, sealed)
    const due = this.#ledger.delayed > 0 ? this.#delayed.head(this.#now, false) : undefined
    if (!item || !due) return item ?? due
    const order = due.head.priority - item.head.priority || due.head.place - item.head.place
    return order <= 0 ? due : item
  }

  #fill(leases: DurableLease<T>[], max: number, slot: number, sealed: boolean): void {
    while (leases.length < max) {
      const record = this.#head(sealed)
      if (!record) return
      const end = leases.length + record.head.count
      const most = sealed && record.sealed ? end : Math.min(max, end)
      while (leases.length < most) {
        const lease = this.#lease(record, slot)
        if (!lease) return
        leases.push(lease)
        if (!this.#reader(record).again(record)) break
      }
    }
  }

  /** Undefined: too many are out. Whoever changes that tells those who wait. */
  #lease(record: LineRecord<T>, slot: number): DurableLease<T> | undefined {
    const { table } = this.#ledger
    const index = record.next
    const seq = record.base + index
    const at = table.find(seq)
    const attempt = at >= 0 ? attemptOf(table.word(at)) : record.head.attempt
    const word = wordOf(LEASED, record.line === DELAYED, slot, attempt)
    if (at >= 0) table.setWord(at, word)
    else if (!table.crowded || table.forgetOne()) table.add(seq, record.first, index, word)
    else {
      this.#ledger.starved = true
      return undefined
    }
    return new DurableLease(record, index, attempt, this.#payloads)
  }
}
