import { fifoQueue, SinkOverflowError } from 'queuelink'
import { interval, map, mergeMap, Observable, of, Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { codeOf, turns, unhandledIn, until } from './help.js'

it('reports the first overflow of a bare queue as RxJS does, and counts the others [Q9.4] [Q18.2]', async () => {
  const queue = fifoQueue<number>({ capacity: 2 })
  const values = new Subject<number>()
  values.subscribe(queue)
  const unhandled = await unhandledIn(async () => {
    for (let i = 0; i < 2 + 1024 + 10; i++) values.next(i)
  })
  expect(unhandled).toHaveLength(1)
  expect(unhandled[0]).toBeInstanceOf(SinkOverflowError)
  expect([queue.metrics().refused, values.observed, (await queue.stat()).waitingPuts]).toEqual([10, true, 1024])
})

it('settles done of a sink when the source is unsubscribed [Q9.5]', async () => {
  const queue = fifoQueue<number>()
  const sink = queue.sink()
  const subscription = interval(100_000).subscribe(sink)
  subscription.unsubscribe()
  await sink.done
})

it('settles done only when what waits is stored [Q9.5] [Q6.2]', async () => {
  const queue = fifoQueue<number>({ capacity: 1 })
  const sink = queue.sink()
  of(1, 2, 3).subscribe(sink)
  let done = false
  void sink.done.then(() => {
    done = true
  })
  await turns()
  expect(done).toBe(false)
  expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual([1, 2, 3])
  await sink.done
})

it('fails a source that is given to a sink after another, and keeps working with a new sink [Q9.6]', async () => {
  const queue = fifoQueue<number>()
  const sink = queue.sink()
  new Subject<number>().subscribe(sink)
  expect(() => new Observable<number>(() => {}).subscribe(sink)).toThrow('a sink takes one source')
  expect(await codeOf(sink.done)).toBe('ERR_SINK_TAKEN')
  of(1).subscribe(queue.sink())
  expect(queue.getNowait()).toBe(1)
})

it('takes subscriptions that an operator makes later for one source [Q9.6]', async () => {
  const queue = fifoQueue<number>()
  const values = new Subject<number>()
  const sink = queue.sink()
  values.pipe(mergeMap(n => of(n, n).pipe(map(m => m * 10)))).subscribe(sink)
  for (let i = 0; i < 3; i++) values.next(i)
  await turns()
  values.next(3)
  expect([sink.closed, queue.size]).toEqual([false, 8])
})

it('shuts nothing down when a sink failed before its source completed [Q10.2]', async () => {
  const queue = fifoQueue<number>({ capacity: 1 })
  const sink = queue.sink({ closeOnComplete: true, highWaterMark: 1 })
  of(1, 2, 3).subscribe(sink)
  expect(await codeOf(sink.done)).toBe('ERR_SINK_OVERFLOW')
  expect([queue.getNowait(), queue.getNowait()]).toEqual([1, 2])
  await turns()
  expect(queue.closed).toBe(false)
})

it('refuses options of a sink that cannot be [Q16.4]', () => {
  const queue = fifoQueue<number>()
  expect(() => queue.sink({ highWaterMark: -1 })).toThrow('highWaterMark must be')
  expect(() => queue.sink({ overflow: 'drop' as 'error' })).toThrow('overflow must be')
})

it('reports every error of a source, for each is the end of one [Q18.1]', async () => {
  const queue = fifoQueue<number>()
  const seen: unknown[] = []
  queue.errors$.subscribe(error => seen.push(error))
  for (const error of ['a', 'b']) {
    const source = new Subject<number>()
    source.subscribe(queue)
    source.error(error)
  }
  await until(() => seen.length === 2)
  expect(seen).toEqual(['a', 'b'])
})
