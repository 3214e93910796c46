import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { decode } from '#src/core/codec'
import { OpenParcel, packValues, payloadIn } from '#src/core/parcel-codec'
import type { Reference } from '#src/core/spill'
import { Commit } from '#src/queues/durable/commit'
import type { Database } from '#src/queues/durable/database'
import { openDatabase } from '#src/queues/durable/databases'
import type { DurableLease } from '#src/queues/durable/durable-lease'
import { ACKED, LEASED, RETURNED, wordOf } from '#src/queues/durable/lease-table'
import { DELAYED, ITEMS, LEDGER_BYTES, Ledger } from '#src/queues/durable/ledger'
import { LineReader } from '#src/queues/durable/line-reader'
import { Payloads } from '#src/queues/durable/payloads'
import { Sealer } from '#src/queues/durable/sealer'
import { afterwards, scratch } from './help.js'
import { entry, newDatabase, newPut, placeOf, work } from './parts.js'
import { type Handle, offer, openStore } from './stores.js'

describe('a parcel of a durable queue', () => {
  let path: string
  let one: Handle<unknown>

  beforeEach(async () => {
    path = join(scratch(), 'queue')
    one = await openStore(path)
  })

  function put(values: unknown[], said: Parameters<typeof offer>[2] = {}): void {
    offer(one, values, said)
    one.store.storeNow()
  }

  const taken = (max: number, now = 1) => one.store.take(max, now, true) as DurableLease<unknown>[]

  it('is passed on as it is stored, unopened, and what must be opened is [Q14.4]', () => {
    put([1, 2, 3])
    put([4, 5], { key: 'key' })
    put([6], { headers: { h: 'x' } })
    put([7, 'L'.repeat(2000)])
    put([8])
    const told = (max: number) =>
      taken(max).map(({ seq, sealed }) => [seq, sealed?.count, sealed?.payload !== undefined])
    const first = taken(2)
    expect(first.map(({ seq, sealed, entry: opened }) => [seq, sealed?.count, opened])).toEqual(
      [1, 2, 3].map(seq => [seq, 3, undefined]),
    )
    expect(first.map(({ value }) => value)).toEqual([1, 2, 3])
    expect(told(1)).toEqual([[4, undefined, false]])
    expect(told(3)).toEqual([
      [5, undefined, false],
      [6, 1, false],
      [7, undefined, false],
    ])
    expect(told(9)).toEqual([
      [8, 1, true],
      [9, 1, false],
    ])
    expect(told(1)).toEqual([])
  })

  it('is not passed on where its items have keys, or wait for their time', () => {
    put(['L'.repeat(2000)], { key: 'key' })
    put([1], { due: 5 })
    put(['L'.repeat(2000)], { due: 6 })
    expect(taken(9, 10).map(({ sealed }) => sealed)).toEqual([undefined, undefined, undefined])
  })

  it('of another queue is adopted with its file, under a name of this one [S3]', async () => {
    const large = { large: 'L'.repeat(2000) }
    put([large])
    const other = await openStore(join(scratch(), 'other'))
    const [lease] = taken(1)
    const entries = other.store.adopt(lease!.sealed!, 77)
    expect(other.store.offer(entries!)).toBe(true)
    other.store.storeNow()
    one.store.ack(lease!)
    one.store.storeNow()
    const [adopted] = other.store.take(1, 1, true)
    expect([adopted!.value, adopted!.enqueuedAt]).toEqual([large, 77])
    expect([...other.store.snapshot()].map(({ enqueuedAt }) => enqueuedAt)).toEqual([77])
    const reference = (of: { sealed?: DurableLease<unknown>['sealed'] }) =>
      payloadIn(OpenParcel.of(decode(Buffer.from(of.sealed!.bytes))), ({ file }) => file)?.reference as Reference
    expect(reference(adopted!).file).not.toBe(reference(lease!).file)
    expect(reference(adopted!).checksum).toBe(reference(lease!).checksum)
  })

  it('holds no more bytes than an item may, and tells the share of each', () => {
    const payloads = new Payloads(scratch())
    for (const size of [200, 1000]) {
      const sealer = new Sealer(payloads, size)
      for (const count of [1, 3, 9, 10, 40, 300]) {
        const entries = Array.from({ length: count }, (_, n) =>
          entry(n % 7 === 3 ? 'L'.repeat(2 * size) : 's'.repeat(n % 90)),
        )
        sealer.seal(entries)
        const { parcels, payloads: files } = sealer.opened(entries)
        expect(parcels.reduce((sum, parcel) => sum + parcel.count, 0)).toBe(count)
        expect([files.length, Math.max(...parcels.map(({ bytes }) => bytes.length)) <= size]).toEqual([
          Math.floor((count + 3) / 7),
          true,
        ])
        const bytes = entries.reduce((sum, one) => sum + one.bytes, 0)
        expect(Math.round(bytes)).toBe(parcels.reduce((sum, parcel) => sum + parcel.bytes.length, 0))
      }
      // All that fits one parcel is in one.
      const entries = Array.from({ length: 256 }, () => entry(1))
      const some = entries.slice(0, size / 2)
      sealer.seal(some)
      expect(sealer.opened(some).parcels.length).toBe(1)
    }
    const sealer = new Sealer(payloads, 1e6)
    const entries = Array.from({ length: 513 }, () => entry(1))
    sealer.seal(entries)
    expect(sealer.opened(entries).parcels.map(({ count }) => count)).toEqual([256, 256, 1])
    // What is encoded next is written into the same memory.
    const [parcel] = sealer.opened(entries).parcels
    const before = Buffer.from(parcel!.bytes)
    packValues(['other'.repeat(100)], 1)
    expect(before.equals(parcel!.bytes)).toBe(true)
    expect(sealer.adopt({ bytes: Buffer.alloc(1_000_001), count: 1 }, 1)).toBe(undefined)
    expect(() => sealer.seal<unknown>([entry<unknown>(1), entry<unknown>(() => {})])).toThrow()
  })

  it('may stand anywhere in the table of leases, also at its beginning', async () => {
    const { database, release } = await openDatabase(path, 'attach', 'async')
    afterwards(release)
    const first = firstInTable()
    database.commitNow(() => {
      database.meta = { ...database.meta, next: first }
    })
    const other = await openStore(path)
    put(['a', 'b'])
    const [lease] = one.store.take(1, 1)
    expect([lease?.seq, lease?.value, one.store.peek(1), other.store.peek(1)]).toEqual([first, 'a', 'b', 'b'])
    lease!.attempt++
    one.store.handedOver(lease!)
    expect(one.store.giveBack(lease!, 0)).toBe(true)
    const [again] = other.store.take(1, 1)
    expect([again?.seq, again?.attempt, other.store.leased]).toEqual([first, 1, 1])
    expect(await one.store.clear()).toEqual(['b'])
    again!.attempt++
    other.store.handedOver(again!)
    await other.store.close()
    const [third] = one.store.take(2, 1)
    expect([third?.attempt, one.store.ack(third!)]).toEqual([2, true])
    expect([...one.store.snapshot()]).toEqual([])
    one.store.storeNow()
    expect([one.store.ready, one.store.leased, one.store.peek(1), database.meta.items]).toEqual([0, 0, undefined, 0])
  })
})

/** A place whose entry is the first of the table. */
function firstInTable(): number {
  const { table } = new Ledger(new ArrayBuffer(LEDGER_BYTES), 0)
  for (let seq = 8; ; seq += 8) {
    table.add(seq, 0, 0, LEASED)
    const at = table.find(seq)
    if (at === 0) return seq
    table.remove(at)
  }
}

describe('who reads the line of a durable queue', () => {
  let db: Database
  let ledger: Ledger
  let readers: LineReader<number>[]

  beforeEach(async () => {
    db = await newDatabase()
    ledger = new Ledger(new ArrayBuffer(LEDGER_BYTES), 0)
    const payloads = new Payloads(scratch())
    readers = [0, 1].map(() => new LineReader(db, ledger, ITEMS, payloads, () => {}))
    const puts = [newPut([1, 2, 3].map(n => entry(n))), newPut([entry(4)]), newPut([entry(5)], { priority: 1 })]
    db.commitNow(() => new Commit(db, 0, 0).run(work({ puts })))
    for (const line of [ITEMS, DELAYED] as const) ledger.lower(line, Number.NEGATIVE_INFINITY, 0)
    ledger.pass(ITEMS, Number.NEGATIVE_INFINITY, 0)
  })

  const next = (reader: LineReader<number>, until = Number.POSITIVE_INFINITY) => {
    const record = reader.head(until, false)
    return record && record.base + record.next
  }
  const lease = (seq: number, word = wordOf(LEASED, false, 1, 1)) => ledger.table.add(seq, 0, 0, word)

  it('finds the first that nobody has, and passes what is taken', () => {
    const [one, other] = readers as [LineReader<number>, LineReader<number>]
    expect([next(one), next(other)]).toEqual([1, 1])
    lease(1)
    lease(2, wordOf(ACKED, false, 1, 1))
    expect([next(one), next(other)]).toEqual([3, 3])
    lease(3)
    const cursor = () => [ledger.first(ITEMS), ledger.base(ITEMS)]
    expect([next(one), cursor(), next(other)]).toEqual([4, [0, 2], 4])
    const record = other.head(Number.POSITIVE_INFINITY, false)!
    lease(4)
    expect([other.again(record), cursor(), next(one), next(other)]).toEqual([false, [0, 5], 5, 5])
    ledger.table.setWord(ledger.table.find(2), wordOf(RETURNED, false, 0, 1))
    ledger.lower(ITEMS, 0, 1)
    expect([next(one), next(other)]).toEqual([2, 2])
  })

  it('reads no further than it is to', () => {
    const [one] = readers as [LineReader<number>]
    expect([next(one, -1), next(one, 0), next(one, 0.5)]).toEqual([undefined, 1, 1])
    for (const seq of [1, 2, 3, 4]) lease(seq)
    expect([next(one, 0), next(one, 0.9), next(one, 1), next(one, 0)]).toEqual([undefined, undefined, 5, undefined])
  })

  it('heeds what is settled in a parcel, as of now', () => {
    const [one, other] = readers as [LineReader<number>, LineReader<number>]
    // Once as many transactions are counted as a record that is new could take for its own.
    while (ledger.version < 1) ledger.advance()
    const settle = (seq: number) => {
      db.commitNow(() => new Commit(db, 0, 0).run(work({ settled: [placeOf(ITEMS, 0, 1, seq - 1)] })))
      db.refresh()
    }
    settle(1)
    expect([next(one), next(other)]).toEqual([2, 2])
    settle(2)
    ledger.advance()
    expect([next(one), next(other)]).toEqual([3, 3])
  })

  it('takes nothing that is being cleared, unless it was given back before', () => {
    const [one] = readers as [LineReader<number>]
    ledger.clear(3, 0)
    expect(next(one)).toBe(3)
    ledger.clear(4, 0)
    expect(next(one)).toBe(4)
    lease(2, wordOf(RETURNED, false, 0, 1))
    ledger.lower(ITEMS, 0, 1)
    expect(next(one)).toBe(2)
  })

  it('finds what was put behind all that it had read, as soon as it is told', () => {
    const [one] = readers as [LineReader<number>]
    for (const seq of [1, 2, 3, 4, 5]) lease(seq)
    expect([next(one), next(one)]).toEqual([undefined, undefined])
    db.commitNow(() => new Commit(db, 0, 0).run(work({ puts: [newPut([entry(6)], { priority: 2 })] })))
    db.refresh()
    ledger.advance()
    expect([next(one, 1.5), next(one, 2)]).toEqual([undefined, 6])
  })

  it('skips what another has passed, whatever stands there by now', () => {
    const [one, other] = readers as [LineReader<number>, LineReader<number>]
    expect([next(one), next(other)]).toEqual([1, 1])
    // The other takes the first four, and they are settled and written.
    for (let n = 0; n < 3; n++) other.again(other.head(Number.POSITIVE_INFINITY, false)!)
    expect(next(one)).toBe(4)
    other.again(other.head(Number.POSITIVE_INFINITY, false)!)
    expect([next(one), ledger.first(ITEMS), ledger.base(ITEMS)]).toEqual([5, 0, 5])
    ledger.pass(ITEMS, 1, 6)
    expect(next(one)).toBe(undefined)
  })
})
