import { type Delivery, fifoQueue } from 'queuelink'
import { batch, each } from 'queuelink/operators'
import { expect, it } from 'vitest'
import { turns, until } from '../queues/help.js'

it('settles an item through the output that it was turned into, once [Q4.16] [Q7.4]', async () => {
  const queue = fifoQueue<number>()
  const out: Delivery<string>[] = []
  queue
    .deliveries()
    .pipe(each((n: number) => `${n}`))
    .subscribe(delivery => out.push(delivery))
  await queue.put(1, { headers: { trace: 'abc' } })
  await queue.put(2)
  const [first, second] = out as [Delivery<string>, Delivery<string>]
  expect([first.value, first.attempt, first.headers]).toEqual(['1', 1, { trace: 'abc' }])
  expect(Math.abs(Date.now() - first.enqueuedAt)).toBeLessThan(60_000)
  expect(first.id).not.toBe(second.id)
  await first.ack()
  expect(queue.metrics().acked).toBe(1)
  await expect(first.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
  await expect(first.nack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
  await second.nack({ delay: 0 })
  await until(() => out.length === 3)
  expect([out[2]?.id, out[2]?.attempt, queue.metrics().nacked]).toEqual([second.id, 2, 1])
})

it('tells of a batch its oldest time and most attempts, and settles all of it [Q4.22]', async () => {
  const queue = fifoQueue<number>()
  const out: Delivery<number[]>[] = []
  await queue.put(1)
  await (await queue.receive()).nack({ delay: 0 })
  await turns()
  queue
    .deliveries()
    .pipe(batch({ count: 2, time: 60_000 }))
    .subscribe(delivery => out.push(delivery))
  await new Promise(resolve => setTimeout(resolve, 5))
  await queue.put(2, { headers: { trace: 'abc' } })
  const [both] = out as [Delivery<number[]>]
  expect([both.value, both.attempt, both.headers]).toEqual([[1, 2], 2, {}])
  expect(Date.now() - both.enqueuedAt).toBeGreaterThanOrEqual(4)
  await both.ack()
  expect([queue.metrics().acked, (await queue.stat()).leased]).toEqual([2, 0])
  await expect(both.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
})

it('gives back what a batch held, as if it had not been handed over, when its subscriber leaves [Q4.20] [Q6.4]', async () => {
  const queue = fifoQueue<number>()
  const subscription = queue
    .deliveries()
    .pipe(batch({ count: 3, time: 60_000 }))
    .subscribe()
  await queue.putBatch([1, 2])
  expect(queue.metrics().handedOver).toBe(2)
  subscription.unsubscribe()
  const { size, leased } = await queue.stat()
  expect([size, leased, queue.metrics().handedOver]).toEqual([2, 0, 0])
  expect((await queue.receive()).attempt).toBe(1)
})
