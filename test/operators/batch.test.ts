import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Delivery, fifoQueue, fromFile, QueueLinkError } from 'queuelink'
import { batch, each, settle } from 'queuelink/operators'
import { EMPTY, filter, merge, NEVER, type Observable, of, share } from 'rxjs'
import { describe, expect, it } from 'vitest'

const tick = (ms = 0): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** What a chain is made of. Each stage works on whatever the one before it emits. */
const stage = fc.oneof(
  fc.record({ kind: fc.constant('batch' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('each' as const),
    concurrency: fc.integer({ min: 1, max: 5 }),
    answer: fc.constantFrom('value' as const, 'promise' as const, 'twice' as const, 'slow' as const),
  }),
)

type Stage = typeof stage extends fc.Arbitrary<infer S> ? S : never

function through(deliveries: Observable<Delivery<unknown>>, stages: readonly Stage[]): Observable<Delivery<unknown>> {
  return stages.reduce((chain, { kind, ...o }) => {
    if (kind === 'batch') return chain.pipe(batch(o as { count: number }))
    const { answer, concurrency } = o as { answer: string; concurrency: number }
    const answers: Record<string, (item: unknown) => unknown> = {
      value: item => item,
      promise: async item => item,
      twice: item => of(item, item),
      slow: item => tick(1).then(() => item),
    }
    return chain.pipe(each(answers[answer] as (item: unknown) => unknown, { concurrency }))
  }, deliveries)
}

describe('batch', () => {
  it('never stalls, whatever it is composed with, and loses nothing (Q4.5, Q4.6)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stage, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(1, 2, 3, 7, 20, Number.POSITIVE_INFINITY),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
        async (stages, prefetch, capacity, subscribers, puts) => {
          const queue = fifoQueue<number>({ capacity })
          const seen = new Set<unknown>()
          const ended = Array.from({ length: subscribers }, () => {
            return new Promise<void>((complete, error) => {
              const next = (value: unknown): void => {
                for (const item of [value].flat(9)) seen.add(item)
              }
              through(queue.deliveries({ prefetch }), stages).pipe(settle()).subscribe({ next, error, complete })
            })
          })
          let item = 0
          for (const size of puts) {
            const items = Array.from({ length: Math.min(size, capacity) }, () => item++)
            await queue.putBatch(items)
          }
          await queue.shutdown()
          await Promise.all(ended)
          expect(seen.size).toBe(item)
          expect(queue.metrics()).toMatchObject({ acked: item, nacked: 0, lateSettles: 0 })
        },
      ),
      { numRuns: 300, timeout: 5000, endOnFailure: true },
    )
  })

  it('never stalls with several sources merged (Q4.6)', async () => {
    const queues = [1, 2, 3].map(capacity => fifoQueue<number>({ capacity }))
    const seen: number[] = []
    merge(...queues.map(queue => queue.deliveries()))
      .pipe(batch({ count: 1000 }), settle())
      .subscribe(items => seen.push(...items))
    for (let n = 0; n < 60; n++) await queues[n % 3]?.put(n, { timeout: 1000 })
    for (const queue of queues) await queue.shutdown()
    await tick()
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
  })

  it('closes when all else that was out needs no settling any more', async () => {
    const queue = fifoQueue<number>()
    const seen: number[][] = []
    const dropsLate = each((n: number) => (n === 1 ? n : tick(5).then(() => n)))
    const dropped = each((n: number) => (n === 2 ? EMPTY : of(n)))
    const chain = queue.deliveries().pipe(dropsLate, dropped, batch({ count: 9 }), settle())
    chain.subscribe(items => seen.push(items))
    await queue.putBatch([1, 2])
    await queue.shutdown()
    expect(seen).toEqual([])
    await tick(20)
    expect(seen).toEqual([[1]])
  })

  it('closes when nothing more can come because the queue is full, of whatever, and not before (Q4.5, Q4.23)', async () => {
    const queue = fifoQueue<number>({ capacity: 4 })
    const seen: number[][] = []
    await queue.put(0)
    const other = await queue.receive()
    queue
      .deliveries()
      .pipe(batch({ count: 9 }))
      .subscribe(({ value }) => seen.push(value))
    await queue.put(1)
    await queue.put(2, { delay: 60_000 })
    await tick()
    expect(seen).toEqual([])
    await queue.put(3)
    expect(seen).toEqual([[1, 3]])
    await other.ack()
    await queue.put(4)
    await tick()
    expect(seen.length).toBe(1)
  })

  it('closes when the queue is shut down and nothing is delayed any more (Q4.23)', async () => {
    const queue = fifoQueue<number>()
    const seen: number[][] = []
    queue
      .deliveries()
      .pipe(batch({ count: 9 }), settle())
      .subscribe(items => seen.push(items))
    await queue.put(1)
    await queue.put(2, { delay: 10 })
    await queue.shutdown()
    await tick(1)
    expect(seen).toEqual([])
    await tick(20)
    expect(seen).toEqual([[1, 2]])
  })

  it('stays open while somebody else still has an output of what it holds (Q4.5, Q4.17)', async () => {
    const queue = fifoQueue<number>()
    const kept: Delivery<number>[] = []
    const seen: number[][] = []
    const outputs = queue.deliveries({ prefetch: 1 }).pipe(
      each(n => of(n, -n)),
      share(),
    )
    outputs.subscribe(delivery => void (delivery.value < 0 && kept.push(delivery)))
    outputs
      .pipe(
        filter(({ value }) => value > 0),
        batch({ count: 9 }),
        settle(),
      )
      .subscribe(items => seen.push(items))
    for (const item of [1, 2, 3]) {
      await queue.put(item)
      expect([seen.length, kept.length]).toEqual([item - 1, item])
      await kept[item - 1]?.ack()
      expect(seen[item - 1]).toEqual([item])
    }
    expect(queue.metrics().acked).toBe(3)
  })

  it('is settled only when all its items are, whoever settles them (Q4.22)', async () => {
    const queue = fifoQueue<number>()
    await queue.putBatch([1, 2])
    const [first, second] = [await queue.receive(), await queue.receive()]
    await first.ack()
    const seen: number[][] = []
    of(first, second)
      .pipe(
        batch({ count: 2 }),
        each(items => items),
        settle(),
      )
      .subscribe(items => seen.push(items))
    expect([seen, queue.metrics().acked]).toEqual([[[1, 2]], 2])
  })

  it('collects deliveries that were received one by one, and that no window bounds (Q4.2, Q4.22)', async () => {
    const queue = fifoQueue<number>()
    await queue.putBatch([1, 2, 3])
    const received = [await queue.receive(), await queue.receive(), await queue.receive()]
    const seen: number[][] = []
    of(...received)
      .pipe(batch({ count: 2 }), settle())
      .subscribe(items => seen.push(items))
    expect([seen, queue.metrics().acked]).toEqual([[[1, 2], [3]], 3])
  })

  it('gives back at once what it holds when its subscriber leaves, whoever made it (Q4.20)', async () => {
    const queue = fifoQueue<number>()
    const calls: unknown[] = []
    const foreign: Delivery<number> = {
      ...{ value: 2, id: 'foreign', attempt: 1, enqueuedAt: 0, headers: {} },
      ack: async () => void calls.push('ack'),
      nack: async o => void calls.push(o),
    }
    const seen = merge(queue.deliveries().pipe(each(n => n)), of(foreign), NEVER)
      .pipe(batch({ count: 9 }))
      .subscribe()
    await queue.put(1)
    seen.unsubscribe()
    await tick()
    const again = await queue.receive({ timeout: 1000 })
    expect([calls, again.attempt, queue.metrics().nacked]).toEqual([[{ delay: 0 }], 2, 1])
  })

  it('closes when a file is not read on because of what it holds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'queuelink-'))
    const path = join(folder, 'lines')
    await writeFile(path, Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(''))
    const sizes: number[] = []
    await new Promise<void>((complete, error) => {
      const batches = fromFile(path)
        .deliveries({ prefetch: 50_000 })
        .pipe(batch({ count: 15_000 }), settle())
      batches.subscribe({ next: lines => sizes.push(lines.length), error, complete })
    })
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000)
    await rm(folder, { recursive: true })
  })

  it('has the ids of its items, the oldest time and the highest attempt', async () => {
    const queue = fifoQueue<string>({ name: 'letters' })
    const batches: Delivery<string[]>[] = []
    queue
      .deliveries()
      .pipe(batch({ count: 2 }))
      .subscribe(delivery => batches.push(delivery))
    await queue.putBatch(['a', 'b'])
    await batches[0]?.nack({ delay: 0 })
    await tick(5)
    expect(batches.map(({ id, attempt, value }) => ({ id, attempt, value }))).toEqual([
      { id: 'letters#1,letters#2', attempt: 1, value: ['a', 'b'] },
      { id: 'letters#1,letters#2', attempt: 2, value: ['a', 'b'] },
    ])
    await expect(batches[0]?.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    await batches[1]?.ack()
    expect(queue.metrics()).toMatchObject({ acked: 2 })
  })

  it('refuses options that cannot be (Q16.5)', () => {
    const wrong = (o: object) => () => batch(o)
    for (const o of [{}, { count: 0 }, { count: 1.5 }, { bytes: -1 }, { time: -1 }, { time: '5' }]) {
      expect(wrong(o)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
      expect(wrong(o)).toThrow(QueueLinkError)
    }
  })

  it('says that it needs `sizeOf` where the size of an item is not known', async () => {
    const queue = fifoQueue<object>()
    const failed = new Promise(error =>
      queue
        .deliveries()
        .pipe(batch({ bytes: 9 }))
        .subscribe({ error }),
    )
    await queue.put({})
    expect(await failed).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining('sizeOf') })
    await tick()
    expect(queue.size).toBe(1)
  })
})
