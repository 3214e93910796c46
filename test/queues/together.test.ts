import { join } from 'node:path'
import fc from 'fast-check'
import { connectQueue, fifoQueue, hostQueue, type Queue } from 'queuelink'
import { map } from 'rxjs'
import { expect, it } from 'vitest'
import { mailboxOf } from '#src/core/mailbox-of'
import { fresh, scratch } from './durable/help.js'
import { turns, until } from './help.js'
import { open } from './shared/users.js'

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

/** How many items each of the parcels has that a queue holds. */
function parcelsOf(queue: Queue<number>): unknown[] {
  const leases = mailboxOf(queue).store.take(1000, 0, true)
  return leases.filter(({ sealed }, at) => sealed !== leases[at - 1]?.sealed).map(({ sealed }) => sealed?.count)
}

it('hands a sink together what a queue holds, and what goes by an operator one by one [Q3.8]', async () => {
  const source = fifoQueue<number>()
  const target = await open<number>()
  source.subscribe(target.sink())
  await source.putBatch(numbers(40))
  source.putNowait(40)
  await turns(2)
  expect(parcelsOf(target)).toEqual([40, 1])

  const other = fifoQueue<number>()
  const piped = fifoQueue<number>({ capacity: 2 })
  other.pipe(map(n => -n)).subscribe(piped.sink())
  await other.putBatch(numbers(3, 1))
  expect([piped.size, mailboxOf(other).store.leased]).toEqual([2, 1])
  expect(await piped.getBatch(10)).toEqual([-1, -2])
})

it('hands two sinks one item each in turn [Q3.8] [Q2.2]', async () => {
  const source = fifoQueue<number>()
  const targets = [fifoQueue<number>(), fifoQueue<number>()]
  for (const queue of targets) source.subscribe(queue.sink())
  await source.putBatch(numbers(6))
  expect(await Promise.all(targets.map(queue => queue.getBatch(10)))).toEqual([
    [0, 2, 4],
    [1, 3, 5],
  ])
})

it('settles them when they are stored, a window full at a time, each handed over once [Q3.8] [Q3.2] [Q5.3] [Q6.4]', async () => {
  const source = fifoQueue<number>()
  const target = await fresh<number>()
  const sink = target.sink()
  await source.putBatch(numbers(300))
  source.subscribe(sink)
  expect([source.size, mailboxOf(source).store.leased]).toEqual([44, 256])
  await source.shutdown()
  await sink.done
  const { metrics, store } = mailboxOf(source)
  expect([store.ready, store.leased, metrics.handedOver, metrics.acked]).toEqual([0, 0, 300, 300])
  expect(await target.getBatch(1000)).toEqual(numbers(300))
})

it('has no more bytes out than an eighth of the room that its queue has for them [Q3.8] [Q3.3]', async () => {
  const source = await open<Buffer>(undefined, { bytes: 64 * 1024 })
  const target = await fresh<Buffer>()
  const sink = target.sink()
  await source.putBatch(numbers(20).map(n => Buffer.alloc(1000, n)))
  source.subscribe(sink)
  const { leased } = mailboxOf(source).store
  expect([leased > 7, leased < 12]).toEqual([true, true])
  await source.shutdown()
  await sink.done
  expect((await target.getBatch(20)).map(item => item[0])).toEqual(numbers(20))
})

it('lets the one that cannot be stored fail alone, behind those that came before it [Q3.8] [Q8.4] [Q8.5]', async () => {
  const source = fifoQueue<unknown>()
  const target = await open<unknown>()
  const sink = target.sink()
  await source.putBatch([1, 2, () => {}, 4])
  source.subscribe(sink)
  await expect(sink.done).rejects.toMatchObject({ code: 'ERR_CODEC' })
  expect(await target.getBatch(10)).toEqual([1, 2])
  await until(() => source.size === 2)
  // The one that failed rests a while.
  const [next, failed] = [await source.receive(), await source.receive()]
  expect([next.value, next.attempt, typeof failed.value, failed.attempt]).toEqual([4, 1, 'function', 2])
})

it('gives all of them back, and ends with the reason, where they fail after the sink has taken them [Q3.8] [Q8.4] [Q8.5]', async () => {
  const host = await hostQueue(fifoQueue<number>(), join(scratch(), 'host.sock'))
  const target = await connectQueue<number>(host.address, { token: host.token })
  const source = fifoQueue<number>()
  const sink = target.sink()
  await source.putBatch(numbers(5))
  source.subscribe(sink)
  expect(mailboxOf(source).store.leased).toBe(5)
  const closed = target.close()
  await expect(sink.done).rejects.toMatchObject({ code: 'ERR_QUEUE_CLOSED' })
  await closed
  await until(() => source.size === 5)
  const deliveries = [await source.receive(), await source.receive()]
  expect(deliveries.map(({ value, attempt }) => [value, attempt])).toEqual([
    [0, 2],
    [1, 2],
  ])
  await host.close()
})

it('leaves those out that have no room, and stores them as room comes [Q3.8] [Q3.1]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 15 })), { maxLength: 30 }),
      async (capacity, prefetch, steps) => {
        const source = fifoQueue<number>()
        const target = fifoQueue<number>({ capacity })
        source.observe({ prefetch }).subscribe(target.sink())
        let put = 0
        const got: number[] = []
        for (const [puts, gets] of steps) {
          void source.putBatch(numbers(puts, put))
          put += puts
          for (let n = 0; n < gets && target.size > 0; n++) got.push(target.getNowait())
          const held = put - got.length
          expect(target.size).toBe(Math.min(held, capacity))
          expect(mailboxOf(source).store.leased).toBe(Math.min(held - target.size, prefetch))
        }
        while (target.size > 0) got.push(target.getNowait())
        expect(got).toEqual(numbers(put))
      },
    ),
  )
})
