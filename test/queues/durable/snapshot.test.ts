import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { fresh } from './help.js'

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
