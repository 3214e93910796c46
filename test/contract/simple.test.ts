import { simpleQueue } from 'queuelink'
import { expect, it } from 'vitest'

it('is a FIFO queue without bounds [Q1.1] [Q11.1]', async () => {
  const queue = simpleQueue<number>()
  for (let i = 0; i < 10_000; i++) queue.putNowait(i)
  expect([queue.capacity, queue.size, await queue.get()]).toEqual([Number.POSITIVE_INFINITY, 10_000, 0])
})
