import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { until } from '../help.js'
import { fresh, scratch } from './help.js'
import { filesIn, offer, openStore } from './stores.js'

it('shows each item while it is held, given back and delayed, and none that is settled', async () => {
  const queue = await fresh<number>()
  const values = (): number[] => [...queue.snapshot()].map(({ value }) => value)
  await queue.putBatch([1, 2, 3])
  const [one, two] = [await queue.receive(), await queue.receive()]
  expect(values()).toEqual([1, 2, 3])
  await two.ack()
  // Also before it is written.
  expect(values()).toEqual([1, 3])
  await one.nack({ delay: 60_000 })
  while (values()[0] === 1) await setImmediate()
  expect(values()).toEqual([3, 1])
})

it('goes on when the queue is compacted and changed on the way, and reads each item that stays there once', async () => {
  const queue = await fresh<string>({ itemSize: 1000 })
  for (let n = 0; n < 100; n++) await queue.put(`${n} ${'x'.repeat(n % 2 ? 2000 : 10)}`)
  const seen: number[] = []
  for (const { value } of queue.snapshot()) {
    const n = Number.parseInt(value, 10)
    seen.push(n)
    if (n === 10) {
      await queue.compact()
      for (let taken = 0; taken < 50; taken++) await queue.get()
      await queue.put('100')
    }
  }
  // Those after 49 are there all the time.
  expect(seen.filter(n => n > 49)).toEqual(Array.from({ length: 51 }, (_, n) => n + 50))
  expect(new Set(seen).size).toBe(seen.length)
})

it('ends with the error of a queue that is closed on the way', async () => {
  const queue = await fresh<number>()
  await queue.putBatch([1, 2])
  const items = queue.snapshot()
  expect(items.next().value).toMatchObject({ value: 1, priority: 0, delay: 0, key: undefined, headers: {} })
  await queue.close()
  expect(() => items.next()).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_CLOSED' }))
})

it('passes over a large item that went on the way, with its file, and not one whose file alone is gone (S8)', async () => {
  const path = join(scratch(), 'queue')
  const handle = await openStore<string>(path)
  const { store } = handle
  const large = 'L'.repeat(2000)
  for (const value of ['a', large, 'b', large, 'c']) offer(handle, [value])
  store.storeNow()
  const items = store.snapshot()[Symbol.iterator]()
  expect(items.next().value?.value).toBe('a')
  const [, lease] = store.take(2, 1)
  store.ack(lease!)
  store.storeNow()
  await until(() => filesIn(path).length === 1)
  expect(items.next().value?.value).toBe('b')
  unlinkSync(join(path, 'payloads', filesIn(path)[0]!))
  expect(() => items.next()).toThrow(expect.objectContaining({ code: 'ERR_SPILL' }))
})

it('shows delayed items with what they have to wait still, and when they were put', async () => {
  const handle = await openStore<number>(join(scratch(), 'queue'))
  const now = Date.now()
  offer(handle, [1], { at: 5000, due: now + 1e6, priority: 3, headers: { h: 'x' }, key: 'k' })
  offer(handle, [2], { at: 6000, due: 7000 })
  offer(handle, [3], { at: 7000, priority: 2 })
  handle.store.storeNow()
  const [three, two, one] = [...handle.store.snapshot()]
  expect(three).toEqual({ value: 3, priority: 2, delay: 0, key: undefined, headers: {}, enqueuedAt: 7000 })
  expect(two).toEqual({ value: 2, priority: 0, delay: 0, key: undefined, headers: {}, enqueuedAt: 6000 })
  expect(one).toMatchObject({ value: 1, priority: 3, key: 'k', headers: { h: 'x' }, enqueuedAt: 5000 })
  expect(Math.round(one!.delay / 1e6)).toBe(1)
})
