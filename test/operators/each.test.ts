import { type Delivery, fifoQueue, type SyncQueue } from 'queuelink'
import { batch, each, perItem, settle } from 'queuelink/operators'
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  endWith,
  filter,
  finalize,
  type MonoTypeOperatorFunction,
  map,
  merge,
  NEVER,
  type Observable,
  type OperatorFunction,
  of,
  pipe,
  Subject,
  scan,
  shareReplay,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs'
import { describe, expect, it } from 'vitest'

type Numbers = SyncQueue<number>

const tick = (ms = 0): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
/** Acks what passes, and passes it on. */
const acked = <T>(): MonoTypeOperatorFunction<Delivery<T>> => tap(delivery => void delivery.ack())
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe('each', () => {
  const answers: Record<string, (n: number) => number | Promise<number> | Observable<number>> = {
    value: n => n,
    promise: async n => n,
    observable: n => of(n),
    several: n => of(n, n),
  }
  const combinations = Object.keys(answers).flatMap(kind =>
    [1, 3, Number.POSITIVE_INFINITY].map(most => [kind, most] as const),
  )
  it.each(combinations)(
    'works on 10,000 items that come at once without using up the stack: %s, %s at work',
    async (kind, concurrency) => {
      const handler = answers[kind] as (n: number) => Observable<number>
      const queue = fifoQueue<number>()
      const seen = new Set<number>()
      await queue.putBatch(numbers(10_000))
      const go = new Subject<void>()
      const waits = each(
        (n: number) =>
          n === 0
            ? go.pipe(
                take(1),
                map(() => n),
              )
            : handler(n),
        { concurrency },
      )
      queue
        .deliveries({ prefetch: 10_000 })
        .pipe(waits, settle())
        .subscribe(n => seen.add(n))
      go.next()
      for (let n = 0; n < 200 && queue.metrics().acked < 10_000; n++) await tick()
      expect([seen.size, queue.metrics().acked]).toEqual([10_000, 10_000])
    },
  )

  it('never has more handlers at work than `concurrency`', async () => {
    const queue = fifoQueue<number>()
    let running = 0
    let most = 0
    const handler = async (n: number): Promise<number> => {
      most = Math.max(most, ++running)
      await tick(1)
      running--
      return n
    }
    const done = new Promise<void>(complete =>
      queue
        .deliveries()
        .pipe(each(handler, { concurrency: 4 }), settle())
        .subscribe({ complete }),
    )
    await queue.putBatch(numbers(100))
    await queue.shutdown()
    await done
    expect([most, running]).toEqual([4, 0])
  })

  it('gives the outputs the identity of their delivery', async () => {
    const queue = fifoQueue<number>({ name: 'q' })
    const seen: unknown[] = []
    queue
      .deliveries()
      .pipe(each(n => of(n, n)))
      .subscribe(({ id, attempt, headers, enqueuedAt }) => seen.push([id, attempt, headers, typeof enqueuedAt]))
    await queue.put(1, { headers: { trace: 'x' } })
    expect(seen).toEqual([
      ['q#1', 1, { trace: 'x' }, 'number'],
      ['q#1', 1, { trace: 'x' }, 'number'],
    ])
  })

  it('rejects a second settling of one output, and changes nothing by it (Q7.1)', async () => {
    const queue = fifoQueue<number>()
    const outputs: { ack(): Promise<void> }[] = []
    queue
      .deliveries()
      .pipe(each(n => of(n, n)))
      .subscribe(output => outputs.push(output))
    await queue.put(1)
    const [first, second] = outputs
    await first?.ack()
    await expect(first?.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    expect(queue.metrics().acked).toBe(0)
    await second?.ack()
    expect(queue.metrics().acked).toBe(1)
  })

  it('ends with the reason when an item has used up its attempts (Q8.12)', async () => {
    const queue = fifoQueue<number>({ maxAttempts: 3 })
    const failed = new Promise(error =>
      queue
        .deliveries()
        .pipe(each(() => Promise.reject(new Error('no'))))
        .subscribe({ error }),
    )
    await queue.put(1)
    expect(await failed).toEqual(new Error('no'))
    expect(queue.size).toBe(1)
  })

  it('lets `join` in a handler fail as a deadlock, behind a batch too (Q15.6)', async () => {
    const joinAt = {
      once: (queue: Numbers) => queue.deliveries().pipe(each(() => queue.join())),
      batched: (queue: Numbers) =>
        queue.deliveries().pipe(
          batch({ count: 1 }),
          each(() => queue.join()),
        ),
      later: (queue: Numbers) =>
        queue.deliveries().pipe(
          each(n => n),
          each(() => timer(1).pipe(concatMap(() => queue.join()))),
        ),
    }
    for (const chain of Object.values(joinAt)) {
      const queue = fifoQueue<number>({ joinable: true, maxAttempts: 1 })
      const failed = new Promise(error => chain(queue).subscribe({ error }))
      await queue.put(1)
      expect(await failed).toMatchObject({ code: 'ERR_DEADLOCK' })
    }
  })

  it('lets `join` fail in a handler for a batch of two queues, for both of them (Q15.6)', async () => {
    const [one, other] = [fifoQueue<number>({ joinable: true }), fifoQueue<number>({ joinable: true })]
    const codes: unknown[] = []
    const codeOf = (error: { code: unknown }): unknown => codes.push(error.code)
    merge(one.deliveries(), other.deliveries())
      .pipe(
        batch({ count: 2 }),
        each(() => Promise.all([one.join().catch(codeOf), other.join().catch(codeOf)])),
        settle(),
      )
      .subscribe()
    await one.put(1)
    await other.put(2)
    await Promise.all([one.join(), other.join()])
    expect(codes).toEqual(['ERR_DEADLOCK', 'ERR_DEADLOCK'])
  })

  it('does not let `join` fail outside its handlers', async () => {
    const queue = fifoQueue<number>({ joinable: true })
    queue
      .deliveries()
      .pipe(
        each(async n => n),
        settle(),
      )
      .subscribe()
    await queue.putBatch([1, 2, 3])
    await queue.join({ timeout: 1000 })
  })

  it('counts an attempt for those only that a handler has seen, when it is cut off (Q6.1, Q6.4)', async () => {
    const queue = fifoQueue<string>()
    await queue.putBatch(['a', 'b', 'c'])
    const first = queue
      .deliveries()
      .pipe(each(() => tick(5)))
      .subscribe()
    first.unsubscribe()
    const seen: string[] = []
    queue.deliveries().subscribe(({ value, attempt }) => seen.push(value + attempt))
    await expect.poll(() => seen.toSorted()).toEqual(['a2', 'b1', 'c1'])
  })
})

/** Two outputs for each item. */
const twice = each((n: number) => of(n, n))

describe('the outputs of a delivery', () => {
  it('count once, whoever settles them again (Q4.17, Q7.4)', async () => {
    const queue = fifoQueue<number>()
    queue
      .deliveries()
      .pipe(
        twice,
        tap(output => void output.ack()),
        settle(),
      )
      .subscribe()
    await queue.put(1)
    expect(queue.metrics()).toMatchObject({ acked: 1, lateSettles: 0 })
    const out: Delivery<number>[] = []
    const other = fifoQueue<number>()
    other
      .deliveries()
      .pipe(twice)
      .subscribe(output => out.push(output))
    await other.put(1)
    await out[0]?.ack()
    await expect(out[0]?.nack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    await out[1]?.ack()
    expect(other.metrics()).toMatchObject({ acked: 1, nacked: 0 })
  })

  it('stays open where its nack is refused, and can be settled then (Q16.3)', async () => {
    const queue = fifoQueue<number>()
    const out: Delivery<number>[] = []
    queue
      .deliveries()
      .pipe(twice)
      .subscribe(delivery => out.push(delivery))
    await queue.put(1)
    const [first, second] = out as [Delivery<number>, Delivery<number>]
    await expect(first.nack({ delay: -1 })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await first.ack()
    await second.ack()
    expect([queue.metrics().acked, queue.metrics().nacked, queue.metrics().lateSettles]).toEqual([1, 0, 0])
  })

  it('cannot be settled any more when one of them is nacked (Q4.17, Q7.1)', async () => {
    const queue = fifoQueue<number>()
    const out: Delivery<number>[] = []
    queue
      .deliveries()
      .pipe(twice)
      .subscribe(delivery => out.push(delivery))
    await queue.put(1)
    await out[0]?.nack({ delay: 60_000 })
    await expect(out[1]?.ack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    await expect(out[1]?.nack()).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' })
    expect([queue.metrics().nacked, queue.metrics().acked, (await queue.stat()).delayed]).toEqual([1, 0, 1])
  })

  it('make room for one more handler, and not for two, when one is nacked after the last has come (Q4.14)', async () => {
    const queue = fifoQueue<number>()
    let running = 0
    let most = 0
    const slow = async (): Promise<number> => {
      most = Math.max(most, ++running)
      await tick(1)
      running--
      return 0
    }
    const kept: Delivery<number>[] = []
    queue
      .deliveries()
      .pipe(each(n => (n === 1 ? of(1, 1) : slow())))
      .subscribe(delivery => void (delivery.value === 1 ? kept.push(delivery) : delivery.ack()))
    await queue.put(1)
    await kept[0]?.nack({ delay: 60_000 })
    await queue.putBatch([2, 3, 4, 5])
    while (queue.metrics().acked < 4) await tick(1)
    expect([kept.length, most, queue.metrics().acked]).toEqual([2, 1, 4])
  })

  it('settle a delivery of others, which knows no more than ack and nack, once (Q4.2, Q4.17)', async () => {
    const calls: string[] = []
    const foreign = (name: string): Delivery<number> => ({
      ...{ value: 1, id: name, attempt: 1, enqueuedAt: 0, headers: {} },
      ack: async () => void calls.push(`ack ${name}`),
      nack: async () => void calls.push(`nack ${name}`),
    })
    const seen: number[] = []
    of(foreign('a'), foreign('b'))
      .pipe(twice, settle())
      .subscribe(value => seen.push(value))
    of(foreign('c'), foreign('d'))
      .pipe(batch({ count: 2 }), settle())
      .subscribe(values => seen.push(...values))
    const out: Delivery<number>[] = []
    of(foreign('e'))
      .pipe(twice)
      .subscribe(delivery => out.push(delivery))
    await out[0]?.nack()
    of(out[1] as Delivery<number>)
      .pipe(settle())
      .subscribe()
    expect([seen, calls]).toEqual([
      [1, 1, 1, 1, 1, 1],
      ['ack a', 'ack b', 'ack c', 'ack d', 'nack e'],
    ])
  })
})

describe('a delivery that its handler has settled', () => {
  const acking = (n: number, delivery: Delivery<number>): number => {
    void delivery.ack()
    return n
  }
  const failing = (): never => {
    throw new Error('after the ack')
  }
  const ways: Record<string, (n: number, delivery: Delivery<number>) => unknown> = {
    'a value': acking,
    'a throw': (n, d) => acking(n, d) && failing(),
    'a promise': async (n, d) => acking(n, d),
    'a rejection': (n, d) => acking(n, d) && Promise.reject(new Error('after the ack')),
    'several outputs': (n, d) => acking(n, d) && of(n, n, n),
    'no output': (n, d) => acking(n, d) && EMPTY,
    'a failure': (n, d) => acking(n, d) && throwError(() => new Error('after the ack')),
    'an output that never comes': (n, d) => acking(n, d) && NEVER,
    'an output before it': (n, d) =>
      concat(
        of(n),
        defer(() => EMPTY.pipe(finalize(() => acking(n, d)))),
      ),
  }
  const chains: Record<string, (handler: (typeof ways)[string]) => OperatorFunction<Delivery<number>, unknown>> = {
    'at once': handler => each(handler, { concurrency: 2 }),
    'behind another handler': handler =>
      pipe(
        each((n: number) => n),
        each(handler, { concurrency: 2 }),
      ),
    'as several outputs': handler => pipe(twice, each(handler, { concurrency: 4 })),
    'as one of a batch': handler =>
      pipe(
        batch<number>({ count: 1 }),
        each(([n], all) => handler(n as number, all as unknown as Delivery<number>), { concurrency: 2 }),
      ),
  }
  for (const [chain, through] of Object.entries(chains)) {
    it.each(Object.keys(ways))(`has no output, and is not settled again, ${chain}: %s (Q4.18)`, async way => {
      const queue = fifoQueue<number>()
      const seen: unknown[] = []
      const subscription = queue
        .deliveries()
        .pipe(through(ways[way] as (typeof ways)[string]))
        .subscribe(delivery => seen.push(delivery))
      await queue.putBatch([1, 2])
      await tick(1)
      subscription.unsubscribe()
      const { acked, nacked, lateSettles } = queue.metrics()
      expect([seen, acked, nacked, lateSettles]).toEqual([[], 2, 0, 0])
    })
  }
})

describe('a subscriber that leaves', () => {
  /** Of a delivery that has come often: as its nack says, it rests. */
  function foreign(value: number, calls: unknown[]): Delivery<number> {
    return {
      ...{ value, id: `${value}`, attempt: 5, enqueuedAt: 0, headers: {} },
      ack: async () => void calls.push('ack'),
      nack: async o => void calls.push(o),
    }
  }

  it.each<[string, (n: number) => unknown]>([
    ['a promise', async n => n],
    ['nothing yet', () => NEVER],
    ['one of several', n => concat(of(n), NEVER)],
  ])('gives back what is at work and what waits, to rest for a turn (Q4.20): %s', async (_, handler) => {
    for (const through of [
      each(handler),
      pipe(
        each((n: number) => n, { concurrency: 2 }),
        each(handler),
      ),
    ]) {
      const calls: unknown[] = []
      const source = new Subject<Delivery<number>>()
      const subscription = source.pipe(through).subscribe()
      source.next(foreign(1, calls))
      source.next(foreign(2, calls))
      subscription.unsubscribe()
      await tick(1)
      expect(calls).toEqual([{ delay: 0 }, { delay: 0 }])
    }
  })

  it('from within the handler leaves nothing at work (Q4.20)', () => {
    const calls: unknown[] = []
    let subscribed = 0
    const source = new Subject<Delivery<number>>()
    const answer = defer(() => {
      subscribed++
      return NEVER
    })
    const leaving = each(() => {
      subscription.unsubscribe()
      return answer
    })
    const subscription = source.pipe(leaving).subscribe()
    source.next(foreign(1, calls))
    expect([calls, subscribed]).toEqual([[{ delay: 0 }], 0])
  })

  const waiting: Record<string, OperatorFunction<Delivery<number>, unknown>> = {
    'as they are': each(() => NEVER),
    'as what became of them': pipe(
      each((n: number) => n, { concurrency: 9 }),
      acked(),
      each(() => NEVER),
    ),
    'as batches': pipe(
      batch<number>({ count: 1 }),
      acked(),
      each(() => NEVER),
    ),
  }
  it.each(Object.keys(waiting))('gives back nothing that was settled while it waited (Q4.20, Q7.4): %s', async way => {
    const queue = fifoQueue<number>()
    const subscription = queue
      .deliveries()
      .pipe(acked(), waiting[way] as OperatorFunction<Delivery<number>, unknown>)
      .subscribe()
    await queue.putBatch([1, 2, 3])
    const before = queue.metrics()
    subscription.unsubscribe()
    expect(queue.metrics()).toEqual(before)
    expect([before.handedOver, before.acked, queue.size]).toEqual([3, 3, 0])
  })

  it('gives back nothing of a handle that was closed (Q10.15)', async () => {
    const queue = fifoQueue<number>()
    const subscription = queue
      .deliveries()
      .pipe(each(() => NEVER))
      .subscribe()
    await queue.putBatch([1, 2, 3])
    await queue.close()
    subscription.unsubscribe()
    expect(queue.metrics()).toMatchObject({ handedOver: 3 })
  })

  it('counts no attempt for a batch that no handler has seen (Q4.20, Q6.4)', async () => {
    const queue = fifoQueue<string>()
    await queue.putBatch(['a', 'b', 'c'])
    const first = queue
      .deliveries()
      .pipe(
        batch({ count: 1 }),
        each(() => NEVER),
      )
      .subscribe()
    first.unsubscribe()
    const seen: string[] = []
    queue.deliveries().subscribe(({ value, attempt }) => seen.push(value + attempt))
    await expect.poll(() => seen.toSorted()).toEqual(['a2', 'b1', 'c1'])
  })
})

it('emits the first of several outputs without waiting for the second (Q4.15)', async () => {
  const queue = fifoQueue<number>()
  const seen: number[] = []
  queue
    .deliveries()
    .pipe(each(n => concat(of(n), NEVER)))
    .subscribe(({ value }) => seen.push(value))
  await queue.put(1)
  expect(seen).toEqual([1])
})

it('emits no further output of a delivery of which one was nacked (Q4.17)', async () => {
  const queue = fifoQueue<number>()
  const seen: number[] = []
  queue
    .deliveries()
    .pipe(each(n => of(n, n + 1, n + 2)))
    .subscribe(delivery => {
      seen.push(delivery.value)
      void delivery.nack({ delay: 60_000 })
    })
  await queue.put(1)
  expect([seen, queue.metrics().nacked]).toEqual([[1], 1])
})

it('works in a loop on what a handler itself brings, however much (Q4.21)', () => {
  const source = new Subject<Delivery<number>>()
  const deliveryOf = (value: number): Delivery<number> => {
    const delivery = { value, id: `${value}`, attempt: 1, enqueuedAt: 0, headers: {} }
    return { ...delivery, ack: async () => {}, nack: async () => {} }
  }
  let seen = 0
  const handler = (n: number): number => {
    if (n < 20_000) source.next(deliveryOf(n + 1))
    return n
  }
  source.pipe(each(handler, { concurrency: Number.POSITIVE_INFINITY })).subscribe(() => seen++)
  source.next(deliveryOf(1))
  expect(seen).toBe(20_000)
})

it('works on what comes while it emits (Q4.21)', () => {
  const source = new Subject<Delivery<number>>()
  const deliveryOf = (value: number): Delivery<number> => {
    const delivery = { value, id: `${value}`, attempt: 1, enqueuedAt: 0, headers: {} }
    return { ...delivery, ack: async () => {}, nack: async () => {} }
  }
  const seen: number[] = []
  source.pipe(each(n => n)).subscribe(({ value }) => {
    seen.push(value)
    if (value < 3) source.next(deliveryOf(value + 1))
  })
  source.next(deliveryOf(1))
  expect(seen).toEqual([1, 2, 3])
})

describe('each with an operator', () => {
  const outcome = async (through: ReturnType<typeof each<number, number>>): Promise<number[]> => {
    const queue = fifoQueue<number>()
    const seen: number[] = []
    const done = new Promise<void>((complete, error) =>
      queue
        .deliveries()
        .pipe(through, settle())
        .subscribe({ next: n => seen.push(n), complete, error }),
    )
    await queue.putBatch([1, 2, 3])
    await queue.shutdown()
    await done
    return seen
  }

  it('tells it from a handler (Q4.7, Q4.8)', async () => {
    expect(await outcome(each(map((n: number) => n * 2)))).toEqual([2, 4, 6])
    expect(
      await outcome(
        each(
          pipe(
            filter((n: number) => n > 1),
            take(1),
          ),
        ),
      ),
    ).toEqual([2, 3])
    expect(await outcome(each((n: number) => n * 2))).toEqual([2, 4, 6])
    expect(await outcome(each((n: number) => of(n * 2)))).toEqual([2, 4, 6])
  })

  it('takes its word for operators that no call tells from a handler', async () => {
    expect(await outcome(each(perItem(endWith(9))))).toEqual([1, 9, 2, 9, 3, 9])
    expect(await outcome(each(perItem(source => concat(source, source))))).toEqual([1, 1, 2, 2, 3, 3])
  })

  it('keeps items apart, with state in the operator or in what it built', async () => {
    expect(await outcome(each(scan((sum: number, n: number) => sum + n, 10)))).toEqual([11, 12, 13])
    expect(await outcome(each(perItem<number, number>(shareReplay(1))))).toEqual([1, 2, 3])
  })

  it('hands on whatever a handler answers that is neither a promise nor an Observable (Q4.7)', async () => {
    const answers = [{ next: 1 }, {}, null, undefined, 0, 'text']
    const seen: unknown[] = []
    const queue = fifoQueue<number>()
    queue
      .deliveries()
      .pipe(
        each((n: number): unknown => answers[n]),
        settle(),
      )
      .subscribe(value => seen.push(value))
    await queue.putBatch([...answers.keys()])
    expect(seen).toEqual(answers)
  })

  it('takes what has answered as a handler for one, whatever it throws (Q4.7, Q4.19)', async () => {
    for (const answer of [1, Promise.resolve(1)]) {
      const queue = fifoQueue<number>()
      const calls: unknown[] = []
      const handler = (item: unknown): unknown => {
        calls.push(item)
        if (item === 1) return answer
        throw new TypeError('Unable to lift unknown Observable type')
      }
      queue.deliveries().pipe(each(handler), settle()).subscribe()
      await queue.put(1)
      await queue.put(2)
      await tick(1)
      expect([queue.metrics().acked, queue.metrics().nacked >= 1]).toEqual([1, true])
      expect(new Set(calls)).toEqual(new Set([1, 2]))
      await queue.close()
    }
  })

  it('never calls a handler with anything but an item', async () => {
    const calls: unknown[] = []
    const handler = (item: unknown): number => {
      calls.push(item)
      throw new TypeError('source.pipe is not a function')
    }
    const queue = fifoQueue<number>({ maxAttempts: 2 })
    const failed = new Promise(error => queue.deliveries().pipe(each(handler)).subscribe({ error }))
    await queue.put(1)
    await failed
    expect(calls).toEqual([1, 1])
  })
})
