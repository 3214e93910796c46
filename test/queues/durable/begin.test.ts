import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '#src/queues/durable/databases'
import { isDelayedWord, LEASED, RETURNED, wordOf } from '#src/queues/durable/lease-table'
import { until } from '../help.js'
import { scratch } from './help.js'
import { newSection } from './parts.js'
import { offer, openStore } from './stores.js'

describe('who opens a durable queue', () => {
  it('that others have open finds it as they have it, also what is not on the disk yet [Q10.11]', async () => {
    const path = join(scratch(), 'queue')
    const one = await openStore<number>(path)
    const shut = one.store.shutdown()
    const other = await openStore<number>(path)
    expect([one.store.shut, other.store.shut]).toEqual([true, true])
    await shut
    await one.store.reopen()
    const { ledger } = newSection(path)
    const { version } = ledger
    expect(version).toBeGreaterThan(0)
    one.store.remove()
    const third = await openStore<number>(path)
    expect([third.store.shut, ledger.removed, ledger.shut]).toEqual([true, true, false])
  })

  it('alone finds what is on the disk, whatever was known before [Q10.11]', async () => {
    const path = join(scratch(), 'queue')
    const before = await openStore<number>(path)
    before.store.remove()
    expect(before.store.shut).toBe(true)
    await before.store.close()
    const one = await openStore<number>(path)
    expect(one.store.shut).toBe(false)
    await one.store.shutdown()
    await one.store.close()
    const other = await openStore<number>(path)
    expect(other.store.shut).toBe(true)
    await other.store.reopen()
    await other.store.close()
    expect((await openStore<number>(path)).store.shut).toBe(false)
  })

  it('finds what is on the disk where another has begun and knows nothing yet', async () => {
    const path = join(scratch(), 'queue')
    const { database, release } = await openDatabase(path, 'open', 'async')
    await database.commit(() => {
      database.meta = { ...database.meta, shut: true }
    })
    const { ledger } = newSection(path)
    expect(ledger.version).toBe(0)
    const one = await openStore<number>(path)
    expect([one.store.shut, ledger.shut]).toEqual([true, true])
    await release()
  })

  it('with a capacity of its own gives that to all, and to the disk', async () => {
    const path = join(scratch(), 'queue')
    const one = await openStore<number>(path, { capacity: 5 })
    const { database, release } = await openDatabase(path, 'attach', 'async')
    const { transaction } = database.meta
    expect([one.store.capacity, database.meta.capacity]).toEqual([5, 5])
    // What is known already is not written.
    const same = await openStore<number>(path, { capacity: 5 })
    expect(database.meta.transaction).toBe(transaction)
    const other = await openStore<number>(path, { capacity: 6 })
    const plain = await openStore<number>(path)
    expect([one, same, other, plain].map(({ store }) => store.capacity)).toEqual([6, 6, 6, 6])
    await release()
  })
})

describe('who takes from a durable queue', () => {
  it('finds nothing before it is on the disk, and is not told that it is busy', async () => {
    const one = await openStore<number>(join(scratch(), 'queue'))
    offer(one, [1])
    expect([one.store.take(1, 1), one.store.locked, one.store.ready]).toEqual([[], undefined, 1])
    await until(() => one.ear.storedUpTo === 1)
    expect([one.store.take(0, 1), one.store.take(1, 1).map(({ value }) => value)]).toEqual([[], [1]])
  })

  it('tells all from which of the two lines it has an item', async () => {
    const path = join(scratch(), 'queue')
    const one = await openStore<number>(path)
    offer(one, [1], { due: 5 })
    offer(one, [2])
    one.store.storeNow()
    const { table } = newSection(path).ledger
    const told = one.store.take(2, 10).map(({ seq, value }) => [value, isDelayedWord(table.word(table.find(seq)))])
    expect(told).toEqual([
      [1, true],
      [2, false],
    ])
  })

  it('finds no more than there is room to lease, says so, and forgets first how often others had items', async () => {
    const path = join(scratch(), 'queue')
    const one = await openStore<number>(path)
    offer(one, [1, 2, 3, 4])
    one.store.storeNow()
    const { ledger } = newSection(path)
    for (let seq = 1000; seq < 1000 + 24_575; seq++) ledger.table.add(seq, 9, 0, wordOf(LEASED, false, 200, 1))
    expect([one.store.take(3, 1).map(({ value }) => value), one.store.locked, ledger.starved]).toEqual([
      [1],
      undefined,
      true,
    ])
    ledger.starved = false
    expect([one.store.take(3, 1), one.store.locked, ledger.starved]).toEqual([
      [],
      expect.objectContaining({ code: 'ERR_BUSY' }),
      true,
    ])
    ledger.table.setWord(ledger.table.find(5000), wordOf(RETURNED, false, 0, 4))
    expect(one.store.take(3, 1).map(({ value }) => value)).toEqual([2])
    expect([ledger.table.find(5000), ledger.table.used, one.store.leased]).toEqual([-1, 24_576, 2])
    // What is known already takes up no more room.
    ledger.table.remove(ledger.table.find(5001))
    ledger.table.add(3, 0, 2, wordOf(RETURNED, false, 0, 7))
    const [third] = one.store.take(1, 1)
    expect([third?.value, third?.attempt, one.store.take(1, 1)]).toEqual([3, 7, []])
  })
})
