import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '#src/queues/durable/database'
import { openDatabase } from '#src/queues/durable/databases'
import { firstOf, HEAD } from '#src/queues/durable/layout'
import { codeOf, until } from '../help.js'
import { afterwards, scratch } from './help.js'
import { filesIn, type Handle, offer, openStore } from './stores.js'

let path: string
let db: Database
let one: Handle<unknown>
let other: Handle<unknown>

beforeEach(async () => {
  path = join(scratch(), 'queue')
  one = await openStore(path)
  other = await openStore(path)
  const { database, release } = await openDatabase(path, 'attach', 'async')
  afterwards(release)
  db = database
})

function put(values: unknown[], said: Parameters<typeof offer>[2] = {}): void {
  offer(one, values, said)
  one.store.storeNow()
}

/** Nothing of these records can be read any more. */
function spoil(table: 'items' | 'delayed', ...places: number[]): void {
  db.commitNow(() => {
    const records = [...db[table].getRange()].map(({ key, value }) => ({
      key: Buffer.from(key),
      value: Buffer.from(value),
    }))
    for (const place of places) {
      const { key, value } = records[place]!
      db[table].put(key, Buffer.concat([value.subarray(0, HEAD), Buffer.from('garbage')]))
    }
  })
}

const counts = ({ store }: Handle<unknown>) => [store.ready, store.delayed, store.leased]
const values = (handle: Handle<unknown>, max: number, now = 1) => handle.store.take(max, now).map(({ value }) => value)

describe('records of a durable queue that cannot be read', () => {
  it('are passed over, set aside with their bytes, and count no more [P10]', async () => {
    put([1, 2, 3])
    put([4, 5, 6, 7])
    put([8])
    put([9, 10])
    const [done] = one.store.take(8, 1).slice(6)
    one.store.ack(done!)
    await one.store.close()
    one = await openStore(path)
    expect(counts(other)).toEqual([9, 0, 0])
    spoil('items', 0, 2)
    put([11], { priority: 1 })
    expect(values(other, 2)).toEqual([4, 5])
    await until(() => counts(other)[0] === 5)
    expect([values(one, 1), values(other, 9)]).toEqual([[6], [9, 10, 11]])
    await until(() => counts(other)[0] === 0)
    expect([counts(one), counts(other)]).toEqual([
      [0, 0, 6],
      [0, 0, 6],
    ])
    db.refresh()
    const kept = [...db.damaged.getRange()].map(({ value }) => value.subarray(HEAD).toString())
    expect([kept, db.meta.items, db.done.getKeysCount()]).toEqual([['garbage', 'garbage'], 6, 1])
  })

  it('are passed over where they are delayed, too, and when all is cleared or shown', async () => {
    put([1], { due: 5000 })
    put([2], { due: 6000 })
    put([3], { due: 7000 })
    put([4, 5])
    put([6])
    spoil('delayed', 1)
    spoil('items', 1)
    const shown = [...one.store.snapshot()].map(({ value }) => value)
    expect(shown).toEqual([4, 5, 1, 3])
    expect(await one.store.clear()).toEqual([4, 5, 1, 3])
    expect([db.items.getKeysCount(), db.delayed.getKeysCount()]).toEqual([1, 1])
    expect(values(other, 5, 6500)).toEqual([])
    await until(() => counts(other).every(count => count === 0))
    db.refresh()
    expect([...db.damaged.getKeys()].map(firstOf)).toEqual([0, 6000])
    put([7], { due: 5000 })
    expect(values(other, 5, 6500)).toEqual([7])
  })
})

describe('a long line', () => {
  it('is read on from where it was left, by whoever takes, in order [Q1.1] [Q1.3]', () => {
    for (let n = 0; n < 100; n++) put([n])
    const large = 'x'.repeat(900)
    put(Array.from({ length: 400 }, (_, n) => `${n} ${large}`))
    const seen: unknown[] = []
    for (let time = 0; seen.length < 100; time++) seen.push(...values(time % 2 ? one : other, time % 7))
    for (let time = 0; seen.length < 500; time++) seen.push(...values(time % 3 ? one : other, 1 + (time % 60)))
    expect(seen).toEqual([
      ...Array.from({ length: 100 }, (_, n) => n),
      ...Array.from({ length: 400 }, (_, n) => `${n} ${large}`),
    ])
    expect([counts(one), values(one, 1), values(other, 1)]).toEqual([[0, 0, 500], [], []])
  })
})

describe('a durable queue that is cleared', () => {
  it('keeps what is leased and what was settled, and forgets how often the rest was handed over [Q10.8]', async () => {
    put([1, 2, 3, 4])
    put([5], { due: 5000 })
    put(['L'.repeat(2000)])
    const leases = one.store.take(3, 1)
    leases[1]!.attempt++
    one.store.handedOver(leases[1]!)
    one.store.giveBack(leases[1]!, 0)
    one.store.ack(leases[2]!)
    expect(await other.store.clear()).toEqual([2, 4, 'L'.repeat(2000), 5])
    await until(() => filesIn(path).length === 0)
    expect([counts(one), counts(other), await other.store.clear()]).toEqual([[0, 0, 1], [0, 0, 1], []])
    put([9])
    expect([values(other, 5), one.store.ack(leases[0]!), counts(other)]).toEqual([[9], true, [0, 0, 1]])
  })

  it('keeps all where it cannot be read what goes, and says why', async () => {
    put([1, 2])
    put(['L'.repeat(2000)])
    put([3])
    unlinkSync(join(path, 'payloads', filesIn(path)[0]!))
    // Others have passed what is there, and must see it again.
    const [lease] = other.store.take(1, 1)
    other.store.giveBack(lease!, 0)
    expect(await codeOf(one.store.clear())).toBe('ERR_SPILL')
    expect([counts(one), values(other, 2), one.store.take(1, 1).length]).toEqual([[4, 0, 0], [1, 2], 1])
    expect([values(other, 1), counts(one)]).toEqual([[3], [0, 0, 4]])
  })
})
