import {
  asyncScheduler,
  catchError,
  defer,
  interval,
  map,
  merge,
  NEVER,
  Observable,
  of,
  repeat,
  Subject,
  share,
  startWith,
  subscribeOn,
  throwError,
} from 'rxjs'
import { codeOf, codeThrown, drain, type Kit, take, turns, unhandledIn, until } from './kit.js'

/** Q9: values that nobody holds back. */
export function overflowContract({ test, expect, can }: Kit): void {
  test('lets values without a receipt wait for room [Q9.1]', async open => {
    const queue = await open({ capacity: 1 })
    const sink = queue.sink({ highWaterMark: 2 })
    of(1, 1, 1).subscribe(sink)
    for (let i = 0; i < 3; i++) expect(await take(queue, can)).toBe(1)
    await sink.done
  })

  test('lets 1,024 values wait by default [Q9.1]', async open => {
    const queue = await open({ capacity: 1 })
    const values = new Subject<number>()
    const sink = queue.sink()
    values.subscribe(sink)
    for (let i = 0; i < 1025; i++) values.next(i)
    await turns()
    expect(sink.closed).toBe(false)
    values.next(1025)
    expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
  })

  test('lets as many wait again when those before are stored, whatever else waits with a receipt [Q9.1]', async open => {
    const queue = await open({ capacity: 1 })
    const from = await open()
    const values = new Subject<number>()
    const sink = queue.sink({ highWaterMark: 1 })
    merge(from, values).subscribe(sink)
    await from.putBatch([1, 1, 1])
    await until(() => from.metrics().handedOver === 3)
    for (let round = 0; round < 3; round++) {
      values.next(2)
      expect(sink.closed).toBe(false)
      // The one that is stored, and two or more behind it.
      while ((await queue.stat()).waitingPuts > 0) await take(queue, can)
      expect(await drain(queue, can)).toEqual([2])
      await from.putBatch([1, 1])
      await until(() => from.metrics().handedOver === 5 + 2 * round)
    }
    values.next(2)
    values.next(2)
    expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
  })

  test('counts and reports what waits without a receipt when the queue is shut down [Q9.4] [Q10.5]', async open => {
    const queue = await open({ capacity: 1 })
    const seen: unknown[] = []
    queue.errors$.subscribe(error => seen.push((error as { code: unknown }).code))
    const sink = queue.sink()
    for (const value of [1, 2, 3]) queue.next(value)
    sink.next(4)
    await queue.shutdown()
    expect(await codeOf(sink.done)).toBe('ERR_QUEUE_CLOSED')
    expect([queue.metrics().refused, seen]).toEqual([3, ['ERR_QUEUE_CLOSED']])
  })

  test('lets none wait where highWaterMark is 0 [Q9.1] [Q9.2]', async open => {
    const queue = await open({ capacity: 1 })
    const sink = queue.sink({ highWaterMark: 0 })
    sink.next(1)
    expect(sink.closed).toBe(false)
    sink.next(2)
    expect([await codeOf(sink.done), sink.closed]).toEqual(['ERR_SINK_OVERFLOW', true])
    expect(await drain(queue, can)).toEqual([1])
  })

  test('fails done and unsubscribes when too many values wait [Q9.2]', async open => {
    const queue = await open({ capacity: 1 })
    const values = new Subject<number>()
    const sink = queue.sink({ highWaterMark: 2 })
    values.subscribe(sink)
    for (const value of [1, 1, 1, 1]) values.next(value)
    expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
    expect([values.observed, queue.metrics().refused]).toEqual([false, 1])
    expect([await take(queue, can), await take(queue, can), await take(queue, can)]).toEqual([1, 1, 1])
  })

  test('drops and counts instead, and goes on [Q9.3]', async open => {
    const queue = await open({ capacity: 2 })
    const values = new Subject<number>()
    const sink = queue.sink({ highWaterMark: 1, overflow: 'dropNewest' })
    values.subscribe(sink)
    for (const value of [1, 1, 1, 9, 9]) values.next(value)
    expect([values.observed, queue.metrics().refused]).toEqual([true, 2])
    expect([await take(queue, can), await take(queue, can), await take(queue, can)]).toEqual([1, 1, 1])
    values.next(1)
    values.complete()
    await sink.done
    expect(await drain(queue, can)).toEqual([1])
  })

  test('counts all that a bare queue refuses, and reports the first [Q9.4] [Q18.1]', async open => {
    const queue = await open({ capacity: 1 })
    const errors: unknown[] = []
    queue.errors$.subscribe(error => errors.push((error as { code: unknown }).code))
    const values = new Subject<number>()
    values.subscribe(queue)
    for (let i = 0; i < 1 + 1024 + 5; i++) values.next(i)
    await until(() => queue.metrics().refused === 5)
    expect(errors).toEqual(['ERR_SINK_OVERFLOW'])
  })

  test('settles done after an unsubscribe [Q9.5]', async open => {
    const queue = await open({ capacity: 1 })
    const sink = queue.sink()
    const subscription = interval(100_000).pipe(startWith(1, 1)).subscribe(sink)
    let done = false
    void sink.done.then(() => {
      done = true
    })
    await until(() => queue.metrics().put === 1)
    subscription.unsubscribe()
    await turns()
    expect(done).toBe(false)
    await take(queue, can)
    await sink.done
  })

  test('takes no second source, and ends with the error of that [Q9.6]', async open => {
    const queue = await open()
    const sink = queue.sink()
    const first = new Subject<number>()
    const second = new Subject<number>()
    first.subscribe(sink)
    expect(codeThrown(() => second.pipe(map(n => n)).subscribe(sink))).toBe('ERR_SINK_TAKEN')
    expect([first.observed, second.observed, await codeOf(sink.done)]).toEqual([false, false, 'ERR_SINK_TAKEN'])
  })

  test('takes no second source after the first has ended [Q9.6]', async open => {
    const sink = (await open()).sink()
    of(1).subscribe(sink)
    expect(codeThrown(() => of(2).subscribe(sink))).toBe('ERR_SINK_TAKEN')
    await sink.done
  })

  test('takes no second queue as its source [Q9.6]', async open => {
    const sink = (await open()).sink()
    const [first, second] = [await open(), await open()]
    first.subscribe(sink)
    expect(codeThrown(() => second.subscribe(sink))).toBe('ERR_SINK_TAKEN')
  })

  // Each of these subscribes the sink more than once, on behalf of one source.
  const one = {
    startWith: NEVER.pipe(startWith(1)),
    defer: defer(() => of(1)),
    share: of(1).pipe(share()),
    merge: merge(of(1), NEVER),
    subscribeOn: of(1).pipe(subscribeOn(asyncScheduler)),
    catchError: throwError(() => 1).pipe(catchError(() => of(1))),
    repeat: of(1).pipe(repeat({ count: 2, delay: 1 })),
    'new Observable': new Observable<number>(subscriber => of(1).subscribe(subscriber)),
  }
  for (const [name, source] of Object.entries(one)) {
    test(`takes ${name}() for one source [Q9.6]`, async open => {
      const queue = await open()
      const sink = queue.sink()
      source.subscribe(sink)
      expect(await take(queue, can)).toBe(1)
      sink.unsubscribe()
      await sink.done
    })
  }

  test('reports a failure that nobody observes as RxJS does [Q18.2]', async open => {
    const broken = new Error('broken')
    const unhandled = await unhandledIn(async () => {
      const source = new Subject<number>()
      source.subscribe(await open())
      source.error(broken)
    })
    expect(unhandled).toEqual([broken])
  })

  test('shows the error of a source in errors$ when that is observed [Q18.1]', async open => {
    const broken = new Error('broken')
    const seen: unknown[] = []
    const unhandled = await unhandledIn(async () => {
      const queue = await open()
      queue.errors$.subscribe(error => seen.push(error))
      const source = new Subject<number>()
      source.subscribe(queue)
      source.error(broken)
    })
    expect([seen, unhandled]).toEqual([[broken], []])
  })
}
