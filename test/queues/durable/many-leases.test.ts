import { join } from 'node:path'
import type { Delivery } from 'queuelink'
import { expect, it } from 'vitest'
import { codeOf } from '../help.js'
import { fresh, open, scratch } from './help.js'

/** As many leases as there can be at a time. */
const MOST = 24_576
const numbers = Array.from({ length: MOST + 2000 }, (_, i) => i)

it('gives all items at once, more than can be leased at a time, to one who never lets the event loop run (Q13.6)', async () => {
  const queue = await fresh<number>({ durability: 'async' })
  await queue.putBatch(numbers)
  const items: number[] = []
  while (queue.size > 0) items.push(queue.getNowait())
  expect(items).toEqual(numbers)
})

it('lets the event loop run while a loop gets what is there (Q17.3)', async () => {
  const queue = await fresh<number>({ durability: 'async' })
  await queue.putBatch(numbers.slice(0, 5000))
  let turns = 0
  const count = setInterval(() => turns++, 0)
  for (let left = 5000; left > 0; ) left -= (await queue.getBatch(100)).length
  clearInterval(count)
  expect(turns).toBeGreaterThan(0)
})

/** Leases as many as can be, and the attempts of all are counted. */
async function holdMost(queue: Awaited<ReturnType<typeof open<number>>>): Promise<Delivery<number>[]> {
  const held: Delivery<number>[] = []
  while (held.length < MOST) held.push(await queue.receive({ timeout: 0 }))
  return held
}

it('hands out again what was given back, however much that is', async () => {
  const path = join(scratch(), 'queue')
  const before = await open<number>(path, { durability: 'async' })
  await before.putBatch(numbers)
  await holdMost(before)
  await before.close()
  const queue = await open<number>(path, { durability: 'async' })
  const first = await queue.receive({ timeout: 0 })
  expect([first.value, first.attempt]).toEqual([0, 2])
  // Those that were given back have no room to spare either for one that comes before them.
  await queue.put(-1, { priority: -1 })
  expect(await queue.get({ timeout: 0 })).toBe(-1)
})

it('makes those wait for whom there is no room to lease, until others settle', async () => {
  const path = join(scratch(), 'queue')
  const [one, other] = [
    await open<number>(path, { durability: 'async' }),
    await open<number>(path, { durability: 'async' }),
  ]
  await one.putBatch(numbers)
  const held = await holdMost(one)
  expect(() => other.getNowait()).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }))
  expect(await codeOf(other.getBatch(5, { timeout: 0 }))).toBe('ERR_BUSY')
  const waiting = other.get()
  await Promise.all(held.map(delivery => delivery.ack()))
  expect(await waiting).toBe(MOST)
})
