import { type Delivery, fifoQueue } from 'queuelink'
import { batch, each, settle } from 'queuelink/operators'
import { Subject, Subscriber, tap } from 'rxjs'
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

it('gives back an item on which a subscriber of its own kind throws, and ends with the error [Q8.6]', async () => {
  class Throwing extends Subscriber<number> {
    protected override _next(): void {
      throw new Error('thrown')
    }
  }
  const queue = fifoQueue<number>()
  const ended: unknown[] = []
  const subscriber = new Throwing({ error: (error: Error) => void ended.push(error.message) } as Subscriber<number>)
  queue.deliveries().pipe(settle()).subscribe(subscriber)
  await queue.put(1)
  expect([ended, queue.size, queue.metrics().nacked]).toEqual([['thrown'], 1, 1])
})

it('takes the receipt away again with which it passed an item on [Q4.3] [Q3.1]', async () => {
  const inner = fifoQueue<number>()
  const outer = fifoQueue<number>()
  const full = fifoQueue<number>({ capacity: 1 })
  const source = new Subject<Delivery<number>>()
  source.pipe(settle()).subscribe()
  await inner.putBatch([1, 2])
  await full.put(0)
  outer.pipe(tap(() => source.next(delivery))).subscribe(full)
  const delivery = await inner.receive()
  await outer.put(1)
  // Not stored yet: it waits for room, and holds the item of its own queue alone.
  expect([inner.metrics().acked, (await outer.stat()).leased]).toEqual([1, 1])
  source.next(await inner.receive())
  full.next(2)
  await full.get()
  await full.get()
  expect([await full.get(), inner.metrics().acked, outer.metrics().acked]).toEqual([2, 2, 1])
})

it('tells why a sink could not store an item [Q8.4] [Q8.10]', async () => {
  const deadLetter = fifoQueue<number>()
  const queue = fifoQueue<number>({ maxAttempts: 1, deadLetter })
  const closed = fifoQueue<number>()
  await closed.close()
  queue
    .deliveries()
    .pipe(
      settle(),
      tap(item => closed.next(item)),
    )
    .subscribe({ error: () => {} })
  await queue.put(1)
  const { headers } = await deadLetter.receive()
  expect(headers['x-reason']).toContain('is closed')
})
