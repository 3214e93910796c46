import { fifoQueue, type SyncQueue } from 'queuelink'
import { expect, it } from 'vitest'
import { until } from './help.js'

const LENGTH = 10_000

interface Chain {
  queues: SyncQueue<number>[]
  first: SyncQueue<number>
  last: SyncQueue<number>
}

/** `filled`: what the queue with that index holds before it is connected. */
function chain(capacity: number, closeOnComplete = false, filled = (_: number): number[] => []): Chain {
  const queues = Array.from({ length: LENGTH }, () => fifoQueue<number>({ capacity }))
  for (const [i, queue] of queues.entries()) for (const item of filled(i)) queue.putNowait(item)
  for (let i = LENGTH - 1; i > 0; i--) {
    const to = queues[i] as SyncQueue<number>
    queues[i - 1]?.observe({ prefetch: 1 }).subscribe(closeOnComplete ? to.sink({ closeOnComplete }) : to)
  }
  return { queues, first: queues[0] as SyncQueue<number>, last: queues[LENGTH - 1] as SyncQueue<number> }
}

it('passes an item through 10,000 queues [Q17.1] [P39]', () => {
  const { first, last } = chain(Number.POSITIVE_INFINITY)
  first.putNowait(7)
  expect(last.getNowait()).toBe(7)
})

it('passes many items through 10,000 queues in order [Q17.1] [P39]', () => {
  const { first, last } = chain(Number.POSITIVE_INFINITY)
  for (let i = 0; i < 20; i++) first.putNowait(i)
  expect(Array.from({ length: 20 }, () => last.getNowait())).toEqual(Array.from({ length: 20 }, (_, i) => i))
})

it('shuts 10,000 queues down through their sinks [Q17.1] [Q10.2]', async () => {
  const { first, last } = chain(Number.POSITIVE_INFINITY, true)
  first.putNowait(7)
  await first.shutdown()
  await until(() => last.closed)
  expect(await last.get()).toBe(7)
})

it('drains 10,000 full queues of capacity 1 from the end [Q17.1] [P39]', async () => {
  const { queues, last } = chain(1, false, i => [LENGTH - i])
  expect(queues.every(queue => queue.isFull)).toBe(true)
  // Every item moves up by one with each of these.
  for (let i = 1; i <= 30; i++) expect(await last.get()).toBe(i)
  expect(queues.slice(0, 100).map(queue => queue.isFull)).toEqual(Array.from({ length: 100 }, (_, i) => i >= 30))
})
