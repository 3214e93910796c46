import { fifoQueue } from 'queuelink'
import { concatMap, delay, firstValueFrom, map, Subject, take, timeout } from 'rxjs'
import { expect, it } from 'vitest'
import { codeOf, turns, unhandledIn, until } from './help.js'

it('ends a subscription to a closed sink within one turn, after one hand-over [P4] [Q8.5]', async () => {
  const from = fifoQueue<number>()
  const to = fifoQueue<number>()
  await to.shutdown()
  for (let i = 0; i < 1000; i++) from.putNowait(i)
  const sink = to.sink()
  from.subscribe(sink)
  expect([sink.closed, from.metrics().handedOver, from.size]).toEqual([true, 1, 1000])
})

it('ends a bare subscription to a closed queue within one turn, and reports it once [P4] [Q18.2]', async () => {
  const from = fifoQueue<number>()
  const to = fifoQueue<number>()
  await to.shutdown()
  const unhandled = await unhandledIn(async () => {
    for (let i = 0; i < 1000; i++) from.putNowait(i)
    const subscription = from.subscribe(to)
    expect([subscription.closed, from.metrics().handedOver]).toEqual([true, 1])
  })
  expect(unhandled.map(error => (error as { code: string }).code)).toEqual(['ERR_QUEUE_CLOSED'])
  expect(from.size).toBe(1000)
})

it('ends the subscription as soon as a sink fails in which the item waits, while another still holds it [P44] [Q8.5]', async () => {
  const from = fifoQueue<number>()
  const [full, shut] = [fifoQueue<number>({ capacity: 1 }), fifoQueue<number>({ capacity: 1 })]
  await Promise.all([full.put(0), shut.put(0)])
  const values = new Subject<number>()
  values.subscribe(full)
  values.subscribe(shut)
  let ended: unknown
  from.subscribe({ next: value => values.next(value), error: error => (ended = error) })
  from.putNowait(1)
  expect(ended).toBe(undefined)
  await shut.shutdown()
  expect([(ended as { code: string }).code, (await from.stat()).leased]).toEqual(['ERR_QUEUE_CLOSED', 1])
})

it('ends a subscription once the item that fails has passed, not in its midst [Q8.5]', async () => {
  const from = fifoQueue<number>()
  const closed = fifoQueue<number>()
  await closed.shutdown()
  const seen: string[] = []
  const next = (item: number): void => {
    seen.push(`begin ${item}`)
    closed.next(item)
    seen.push(`end ${item}`)
  }
  from.subscribe({ next, error: error => void seen.push(error.code) })
  await from.put(1)
  expect(seen).toEqual(['begin 1', 'end 1', 'ERR_QUEUE_CLOSED'])
})

it('tells the first of several reasons why an item failed [Q8.4] [Q8.10]', async () => {
  const deadLetter = fifoQueue<number>()
  const from = fifoQueue<number>({ maxAttempts: 1, deadLetter })
  const closed = fifoQueue<number>()
  await closed.shutdown()
  const next = (item: number): void => {
    closed.next(item)
    closed.error(new Error('the second reason'))
    throw new Error('never seen')
  }
  from.pipe(map(item => next(item))).subscribe({ error: () => {} })
  closed.errors$.subscribe()
  await from.put(1)
  const { headers } = await deadLetter.receive()
  expect(headers['x-reason']).toContain('is shut down')
})

it('takes what is the default for an option as well [Q9.2]', async () => {
  const queue = fifoQueue<number>({ capacity: 1 })
  const sink = queue.sink({ overflow: 'error', highWaterMark: 0 })
  sink.next(1)
  sink.next(2)
  expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
})

it('ends the subscription while another sink still holds the item [P44] [Q8.5]', async () => {
  const from = fifoQueue<number>()
  const [full, shut] = [fifoQueue<number>({ capacity: 1 }), fifoQueue<number>()]
  full.putNowait(0)
  const values = new Subject<number>()
  values.subscribe(full)
  values.subscribe(shut)
  shut.errors$.subscribe()
  await shut.shutdown()
  let ended: unknown
  from.subscribe({ next: value => values.next(value), error: error => (ended = error) })
  from.putNowait(1)
  from.putNowait(2)
  expect([(ended as { code: string }).code, from.metrics().handedOver]).toEqual(['ERR_QUEUE_CLOSED', 1])
  // What waits in the full sink stays there; the item goes back when all sinks have said what became of it.
  expect([from.size, (await from.stat()).leased]).toEqual([1, 1])
  expect([full.getNowait(), full.getNowait()]).toEqual([0, 1])
  await turns()
  expect([from.size, (await from.stat()).leased]).toEqual([2, 0])
})

it('never spins on nacks: an item is handed over at most once a turn [P4] [Q8.1]', async () => {
  const queue = fifoQueue<number>({ maxAttempts: Number.POSITIVE_INFINITY })
  let handed = 0
  const subscription = queue.deliveries().subscribe(delivery => {
    handed++
    void delivery.nack()
  })
  for (let i = 0; i < 10; i++) queue.putNowait(i)
  for (let turn = 1; turn <= 50; turn++) {
    await turns(1)
    expect(handed).toBeLessThanOrEqual((turn + 1) * 10)
  }
  subscription.unsubscribe()
})

it('slows down the longer an item fails: 100 ms see at most 8 hand-overs of it [P4] [Q8.2]', async () => {
  const queue = fifoQueue<number>({ maxAttempts: Number.POSITIVE_INFINITY })
  let handed = 0
  const subscription = queue.deliveries().subscribe(delivery => {
    handed++
    void delivery.nack()
  })
  queue.putNowait(1)
  const start = performance.now()
  await new Promise(resolve => setTimeout(resolve, 100))
  const elapsed = performance.now() - start
  // Rests of 0, 1, 2, 4 … ms; a timer may come a millisecond early.
  let [most, sum] = [1, 0]
  for (let rest = 0; sum + rest <= elapsed; rest = Math.max(1, rest * 2)) {
    most++
    sum += Math.max(0, rest - 1)
  }
  expect(handed).toBeLessThanOrEqual(most)
  subscription.unsubscribe()
})

it('does not keep a turn going with items whose short delay falls due in it [P4] [Q8.1]', async () => {
  const queue = fifoQueue<number>({ maxAttempts: Number.POSITIVE_INFINITY })
  let handed = 0
  const subscription = queue.deliveries().subscribe(delivery => {
    handed++
    const end = performance.now() + 0.5
    while (performance.now() < end);
    void delivery.nack({ delay: 0.1 })
  })
  await queue.putBatch(Array.from({ length: 20 }, (_, i) => i))
  expect(handed).toBe(20)
  subscription.unsubscribe()
})

it('takes a batch larger than prefetch [P44]', async () => {
  const queue = fifoQueue<number>()
  const to = fifoQueue<number>({ capacity: 1 })
  queue.observe({ prefetch: 2 }).subscribe(to)
  await queue.putBatch(Array.from({ length: 50 }, (_, i) => i))
  for (let i = 0; i < 50; i++) expect(await to.get()).toBe(i)
})

it('gets a batch larger than the prefetch of a subscription beside it', async () => {
  const queue = fifoQueue<number>()
  const subscription = queue.deliveries({ prefetch: 2 }).subscribe()
  await queue.putBatch(Array.from({ length: 10 }, (_, i) => i))
  expect(await queue.getBatch(100)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
  subscription.unsubscribe()
})

it('leaves in the queue what firstValueFrom, take, timeout and unsubscribe do not read [P38] [Q3.5]', async () => {
  const queue = fifoQueue<number>()
  for (let i = 0; i < 100; i++) queue.putNowait(i)
  expect(await firstValueFrom(queue)).toBe(0)
  const eight: number[] = []
  queue.pipe(take(8)).subscribe(item => eight.push(item))
  expect(eight).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  const three: number[] = []
  const subscription = new Subject<number>()
  subscription.pipe(take(3)).subscribe(item => three.push(item))
  queue.pipe(take(3)).subscribe(subscription)
  expect([three, queue.size]).toEqual([[9, 10, 11], 88])
  let seen = 0
  const leaving = queue.deliveries().subscribe({
    next: delivery => {
      void delivery.ack()
      if (++seen === 4) setImmediate(() => leaving.unsubscribe())
    },
  })
  await until(() => leaving.closed)
  const empty = fifoQueue<number>()
  await expect(firstValueFrom(empty.pipe(timeout(5)))).rejects.toThrow('Timeout')
  empty.putNowait(1)
  expect([empty.size, (await empty.stat()).readers]).toEqual([1, 0])
})

it('gives nothing more to a subscriber that unsubscribes inside next [P38] [Q6.1]', () => {
  const queue = fifoQueue<number>()
  const seen: number[] = []
  const subscription = queue.subscribe(item => {
    seen.push(item)
    if (item === 2) subscription.unsubscribe()
  })
  for (let i = 0; i < 10; i++) queue.putNowait(i)
  expect([seen, queue.size]).toEqual([[0, 1, 2], 7])
})

it('pulls the whole queue into concatMap, whose custody counts as consumed [P36] [Q3.6]', async () => {
  const from = fifoQueue<number>()
  const to = fifoQueue<number>()
  let working = 0
  const done = new Subject<number>()
  from
    .observe({ prefetch: 2 })
    .pipe(
      concatMap(item => {
        working++
        return done.pipe(
          take(1),
          map(() => item),
        )
      }),
    )
    .subscribe(to)
  for (let i = 0; i < 1000; i++) from.putNowait(i)
  expect([working, from.size, from.metrics().acked]).toEqual([1, 0, 1000])
  done.next(0)
  expect([to.size, working]).toEqual([1, 2])
})

it('counts what is emitted later as a value without a receipt [Q3.6] [Q9.1]', async () => {
  const from = fifoQueue<number>()
  const to = fifoQueue<number>({ capacity: 1 })
  const sink = to.sink({ highWaterMark: 3 })
  from.pipe(delay(1)).subscribe(sink)
  for (let i = 0; i < 5; i++) from.putNowait(i)
  expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
  expect(from.metrics().acked).toBe(5)
})

it('keeps the receipt of an item clear of the end of another [Q8.6]', async () => {
  const [from, between, shut] = [fifoQueue<number>(), fifoQueue<number>(), fifoQueue<number>()]
  await shut.shutdown()
  const sink = shut.sink()
  between.subscribe(sink)
  from.subscribe(between)
  from.putNowait(1)
  // The failure is that of `between`, which keeps the item; `from` has done its part.
  expect([sink.closed, from.size, (await from.stat()).leased, between.size]).toEqual([true, 0, 0, 1])
})
