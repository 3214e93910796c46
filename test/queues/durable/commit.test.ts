import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'
import { carryReferences, Reference } from '#src/core/spill'
import { type Changes, Commit, type Place, type Work } from '#src/queues/durable/commit'
import type { Database } from '#src/queues/durable/database'
import { baseOf, firstOf } from '#src/queues/durable/layout'
import { DELAYED, ITEMS, type Line } from '#src/queues/durable/ledger'
import type { Meta } from '#src/queues/durable/meta'
import { random } from '../../torture/random.js'
import { digestOf, empty, entry, newDatabase, newMove, newPut, newTask, placeOf, recordsOf, work } from './parts.js'

const KEY_TTL = 50

let db: Database
beforeEach(async () => {
  db = await newDatabase()
  carryReferences()
})

function commit(some: Partial<Work>, now = 1000, keyTtl = KEY_TTL): { changes: Changes; transaction: number } {
  let transaction = 0
  let changes: Changes | undefined
  db.commitNow(() => {
    const one = new Commit(db, keyTtl, now)
    transaction = one.run(work(some))
    changes = one.changes
  })
  return { changes: changes as Changes, transaction }
}

interface Item {
  readonly entry: Entry<unknown>
  readonly file: string | undefined
}

interface Record {
  readonly line: Line
  readonly first: number
  readonly base: number
  readonly flags: number
  readonly attempt: number
  readonly place: number
  readonly priority: number
  readonly items: readonly Item[]
  readonly done: Set<number>
}

type Found = [record: Record, index: number]

/** What the tables of a data file are meant to hold, and beside it the data file. */
class Match {
  records: Record[] = []
  readonly keys = new Map<string, { left: number; until: number }>()
  readonly clients = new Map<string, number>()
  readonly files = new Set<string>()
  readonly #pick: (limit: number) => number
  readonly #ttl: number
  #next = 1
  #now = 1000
  #ids = 0
  #transaction = db.meta.transaction
  #capacity = Number.POSITIVE_INFINITY
  #changes!: Changes

  constructor(seed: number) {
    this.#pick = random(seed)
    this.#ttl = this.#pick(4) === 0 ? 0 : KEY_TTL
  }

  round(): void {
    this.#changes = { repeated: 0, repeatedDelayed: 0, fewerDelayed: 0, lowest: [], highest: [], payloads: [] }
    this.#now += this.#pick(30)
    for (const [key, { until }] of this.keys) if (until > 0 && until < this.#now) this.keys.delete(key)
    const taken = new Set<string>()
    const settled = this.#some(6, taken)
    const known = settled.map(() => this.#pick(2) === 0)
    const done = this.records.flatMap(record => [...record.done].map((index): Found => [record, index]))
    // What was settled by one who died may be settled once more.
    if (done.length > 0 && this.#pick(3) === 0) {
      settled.push(done[this.#pick(done.length)]!)
      known.push(false)
    }
    const moved = this.#some(2, taken)
    const cleared = this.#pick(4) === 0 ? this.#some(4, taken) : undefined
    const places = (found: Found[], entries = (_: number) => true): Place[] =>
      found.map(([record, index], at) =>
        placeOf(record.line, record.first, record.base, index, entries(at) ? record.items[index]!.entry : undefined),
      )
    const gone = places(settled, at => known[at]!)
    this.#settle(settled)
    const moves = moved.map(one => this.#move(one))
    const puts = Array.from({ length: this.#pick(4) }, () => this.#put())
    const tasks = []
    if (cleared) {
      const capacity = (this.#capacity = 1 + this.#pick(100))
      const of = places(cleared)
      tasks.push(
        newTask((_: Database, meta: Meta) => void (meta.capacity = capacity)),
        newTask(() => of),
      )
      this.#settle(cleared)
    }
    const { changes, transaction } = commit({ puts, settled: gone, moves, tasks }, this.#now, this.#ttl)
    expect(transaction).toBe(++this.#transaction)
    changes.payloads.sort()
    this.#changes.payloads.sort()
    expect(changes).toEqual(this.#changes)
    this.#compare()
  }

  /** Items that are there, none of them twice in a round. */
  #some(most: number, taken: Set<string>): Found[] {
    const live = this.records.flatMap(record => record.items.map((_, index): Found => [record, index]))
    const found: Found[] = []
    const begin = this.#pick(live.length + 1)
    for (const [record, index] of live.slice(begin, begin + this.#pick(most + 1))) {
      const name = `${record.line} ${record.base + index}`
      if (taken.has(name) || record.done.has(index)) continue
      taken.add(name)
      found.push([record, index])
    }
    return this.#pick(2) === 0 ? found : found.reverse()
  }

  #settle(found: Found[]): void {
    for (const [record, index] of found) {
      const item = record.items[index]!
      if (!this.#remove(record, index)) continue
      if (item.file !== undefined) {
        this.files.delete(item.file)
        this.#changes.payloads.push(item.file)
      }
      const known = item.entry.key === undefined ? undefined : this.keys.get(item.entry.key)
      if (!known || --known.left > 0) continue
      if (this.#ttl === 0) this.keys.delete(item.entry.key as string)
      else known.until = this.#now + this.#ttl
    }
  }

  #remove(record: Record, index: number): boolean {
    if (record.done.has(index) || !this.records.includes(record)) return false
    record.done.add(index)
    if (record.line === DELAYED) this.#changes.fewerDelayed++
    if (record.done.size < record.items.length) return true
    this.records.splice(this.records.indexOf(record), 1)
    const highest = this.#changes.highest[record.line]
    const [first, base] = highest ?? [Number.NEGATIVE_INFINITY, 0]
    if (record.first > first || (record.first === first && record.base > base))
      this.#changes.highest[record.line] = [record.first, record.base]
    return true
  }

  #move([record, index]: Found) {
    const { entry: one, file } = record.items[index]!
    const due = this.#now + this.#pick(20)
    const from = placeOf(record.line, record.first, record.base, index)
    this.#remove(record, index)
    const flags = (one.key === undefined ? 0 : 1) | (file === undefined ? 0 : 2)
    const [attempt, { priority }] = [1 + this.#pick(9), record]
    this.#add({
      line: DELAYED,
      first: due,
      base: from.seq,
      flags,
      attempt,
      place: one.enqueuedAt,
      priority,
      items: [{ entry: one, file }],
      done: new Set(),
    })
    return newMove(from, one, due, attempt, priority)
  }

  #put() {
    const due = this.#pick(3) === 0 ? this.#now + this.#pick(20) : 0
    const priority = [-1.5, 0, 0, 2][this.#pick(4)]!
    const key = this.#pick(3) === 0 ? `key ${this.#pick(4)}` : undefined
    const client = this.#pick(5) === 0 ? { name: `client ${this.#pick(2)}`, number: 1 + this.#pick(5) } : undefined
    const isLarge = this.#pick(4) === 0
    const each = due > 0 || isLarge ? 1 : 1 + this.#pick(12)
    const items = Array.from({ length: 1 + this.#pick(14) }, (): Item => {
      const id = this.#ids++
      const file = isLarge ? `file ${id}` : undefined
      return { entry: entry(file ? new Reference(file, 1, 'sum') : id, this.#now, key), file }
    })
    const payloads = items.flatMap(({ file }) => (file ? { name: file, source: 'elsewhere', isWritten: true } : []))
    const put = newPut(
      items.map(one => one.entry),
      { due, priority, each, client, payloads },
    )
    if (this.#isKnown(items.length, key, client)) {
      this.#changes.repeated += items.length
      if (due > 0) this.#changes.repeatedDelayed += items.length
      this.#changes.payloads.push(...payloads.map(({ name }) => name))
      return put
    }
    const flags = (key === undefined ? 0 : 1) | (isLarge ? 2 : 0)
    const line = due > 0 ? DELAYED : ITEMS
    for (let at = 0; at < items.length; at += each) {
      const some = items.slice(at, at + each)
      const head = { flags, attempt: 0, place: due || this.#now, priority }
      this.#add({ line, first: due || priority, base: this.#next, ...head, items: some, done: new Set() })
      this.#next += some.length
    }
    for (const { name } of payloads) this.files.add(name)
    return put
  }

  #isKnown(count: number, key: string | undefined, client: { name: string; number: number } | undefined): boolean {
    if (client) {
      if ((this.clients.get(client.name) ?? 0) >= client.number) return true
      this.clients.set(client.name, client.number)
    }
    const known = key === undefined ? undefined : this.keys.get(key)
    if (known && (known.left > 0 || known.until > this.#now)) return true
    if (key !== undefined) this.keys.set(key, { left: count, until: 0 })
    return false
  }

  #add(record: Record): void {
    this.records.push(record)
    const lowest = this.#changes.lowest[record.line]
    const [first, base] = lowest ?? [Number.POSITIVE_INFINITY, 0]
    if (record.first < first || (record.first === first && record.base < base))
      this.#changes.lowest[record.line] = [record.first, record.base]
  }

  #compare(): void {
    for (const [line, table] of [
      [ITEMS, db.items],
      [DELAYED, db.delayed],
    ] as const) {
      const wanted = this.records
        .filter(record => record.line === line)
        .sort((a, b) => a.first - b.first || a.base - b.base)
      expect(recordsOf(table)).toEqual(
        wanted.map(({ first, base, flags, attempt, items, place, priority }) => {
          const parcel = Buffer.from(packParcel(items.map(one => one.entry)).bytes).toString('hex')
          return { first, base, flags, attempt, count: items.length, place, priority, parcel }
        }),
      )
    }
    const marked = this.records.filter(({ done }) => done.size > 0)
    const bits = [...db.done.getRange()].map(
      ({ key, value }) => `${firstOf(key)} ${baseOf(key)} ${value.toString('hex')}`,
    )
    expect(bits.sort()).toEqual(
      marked
        .map(({ first, base, items, done }) => {
          const bytes = Buffer.alloc(Math.ceil(items.length / 8))
          for (const index of done) bytes[index >> 3]! |= 1 << (index & 7)
          return `${first} ${base} ${bytes.toString('hex')}`
        })
        .sort(),
    )
    const keys = [...db.keys.getRange()].map(({ key, value }) => [
      key.toString('hex'),
      value.readUInt32LE(0),
      value.readDoubleLE(4),
    ])
    expect(keys.sort()).toEqual([...this.keys].map(([key, { left, until }]) => [digestOf(key), left, until]).sort())
    const over = [...this.keys].filter(([, { until }]) => until > 0)
    const expiry = [...db.expiry.getKeys()].map(key => [firstOf(key), key.subarray(8).toString('hex')])
    expect(expiry.sort()).toEqual(over.map(([key, { until }]) => [until, digestOf(key)]).sort())
    const clients = [...db.clients.getRange()].map(({ key, value }) => [key.toString('hex'), value.readDoubleLE(0)])
    expect(clients.sort()).toEqual([...this.clients].map(([name, number]) => [digestOf(name), number]).sort())
    expect([...db.payloads.getKeys()].map(String).sort()).toEqual([...this.files].sort())
    const left = (line: Line) =>
      this.records.reduce((sum, one) => sum + (one.line === line ? one.items.length - one.done.size : 0), 0)
    const { items, delayed, next, capacity, transaction } = db.meta
    expect([items, delayed, next, capacity, transaction]).toEqual([
      left(ITEMS),
      left(DELAYED),
      this.#next,
      this.#capacity,
      this.#transaction,
    ])
  }
}

describe('a transaction of a durable queue', () => {
  it('leaves in the data file what it was told to, whatever was there before [Q11.1] [Q12.1] [P16] [H6]', () => {
    fc.assert(
      fc.property(fc.nat(), seed => {
        empty(db)
        const match = new Match(seed)
        for (let round = 0; round < 14; round++) match.round()
      }),
      { numRuns: 25 },
    )
  })

  it('does not count an item twice against its key that was settled before by one who died [P16]', () => {
    commit({ puts: [newPut([entry('a', 1000, 'key'), entry('b', 1000, 'key')])] })
    const place = placeOf(ITEMS, 0, 1)
    commit({ settled: [place] })
    commit({ settled: [place] })
    // The other one is in the queue still.
    const { changes } = commit({ puts: [newPut([entry('c', 1000, 'key')])] }, 1000 + 2 * KEY_TTL)
    expect([changes.repeated, db.meta.items]).toEqual([1, 1])
  })

  it('does not forget a key that is in the queue again, where it was free at once [P16]', () => {
    const put = (now: number) => commit({ puts: [newPut([entry(now, now, 'key')])] }, now, 0).changes.repeated
    expect(put(1000)).toBe(0)
    commit({ settled: [placeOf(ITEMS, 0, 1)] }, 1001, 0)
    expect([put(1002), put(1003), put(1004)]).toEqual([0, 1, 1])
  })

  it('forgets no more than sixteen keys at a time, those first that were over first', () => {
    const keys = Array.from({ length: 40 }, (_, n) => `key ${n}`)
    keys.forEach((key, n) => {
      commit({ puts: [newPut([entry(n, 1000, key)])] }, 1000 + n)
      commit({ settled: [placeOf(ITEMS, 0, n + 1)] }, 1000 + n)
    })
    const left: number[] = []
    for (let round = 0; round < 3; round++) {
      commit({}, 5000)
      left.push(db.keys.getKeysCount(), db.expiry.getKeysCount())
    }
    expect(left).toEqual([24, 24, 8, 8, 0, 0])
  })

  it('stores what repeats a put that is over, also before that is forgotten [P16]', () => {
    for (let n = 0; n < 20; n++) commit({ puts: [newPut([entry(n, 1000, `key ${n}`)])] })
    for (let n = 0; n < 20; n++) commit({ settled: [placeOf(ITEMS, 0, n + 1)] }, 1000 + n)
    const again = (now: number) => commit({ puts: [newPut([entry(20, 1000, 'key 19')])] }, now).changes.repeated
    expect([again(1018 + KEY_TTL), again(1019 + KEY_TTL), db.expiry.getKeysCount(), again(5000)]).toEqual([1, 0, 0, 1])
  })

  it('changes nothing for what is gone as a whole', () => {
    commit({ puts: [newPut([entry(1), entry(2)])] })
    const gone = [placeOf(ITEMS, 0, 1), placeOf(ITEMS, 0, 1, 1)]
    expect(commit({ settled: gone }).changes).toMatchObject({ highest: [[0, 1]], fewerDelayed: 0 })
    const { changes } = commit({ settled: gone, moves: [newMove(gone[0]!, entry(1), 5000)] })
    expect([changes.highest, changes.lowest, db.meta.items, db.meta.delayed]).toEqual([[], [], 0, 0])
  })
})
