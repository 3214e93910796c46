import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Connection, connection, fifoQueue, openConnection } from 'queuelink'
import { each, settle } from 'queuelink/operators'
import { firstValueFrom, from, map, of, Subject, startWith, take, tap, throwError, toArray } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'

const FIXTURE = fileURLToPath(new URL('../fixtures/connection-end.js', import.meta.url))
const children: ChildProcess[] = []
const workers: Worker[] = []
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const end of open.splice(0)) await end.close()
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  for (const worker of workers.splice(0)) await worker.terminate()
})

function pair<A, B = A>(): [Connection<A, B>, Connection<B, A>] {
  const ends = connection<A, B>()
  open.push(...ends)
  return ends
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    error => error.code ?? error,
  )

async function inChild<In, Out>(behaviour: string): Promise<{ here: Connection<In, Out>; child: ChildProcess }> {
  const [here, there] = pair<In, Out>()
  const child = fork(FIXTURE, ['descriptor', JSON.stringify(await there.descriptor()), behaviour])
  children.push(child)
  return { here, child }
}

function inWorker<In, Out>(behaviour: string): { here: Connection<In, Out>; worker: Worker } {
  const [here, there] = pair<In, Out>()
  const end = there.port
  const worker = new Worker(FIXTURE, { workerData: { end, behaviour }, transferList: [end] })
  workers.push(worker)
  return { here, worker }
}

describe('the two ends of a connection', () => {
  it('bring items both ways, in order [C1]', async () => {
    const [left, right] = pair<number>()
    for (const n of [1, 2, 3]) await left.put(n)
    await right.put(9)
    expect([await right.get(), await right.get(), await right.get(), await left.get()]).toEqual([1, 2, 3, 9])
  })

  it('bring what the codec carries, unchanged [C1]', async () => {
    const [left, right] = pair<unknown>()
    const circle: Record<string, unknown> = { name: 'circle' }
    circle.self = circle
    const items = [
      'grüße 👋',
      new Date(5),
      new Map([[1, new Set(['a'])]]),
      2n ** 70n,
      new Uint8Array([1, 2]),
      undefined,
      null,
    ]
    for (const item of [...items, new Error('outer', { cause: new Error('inner') }), circle]) await left.put(item)
    for (const item of items) expect(await right.get()).toEqual(item)
    const error = (await right.get()) as Error
    expect([error.message, (error.cause as Error).message]).toEqual(['outer', 'inner'])
    const round = (await right.get()) as typeof circle
    expect(round.self).toBe(round)
  })

  it('refuse what cannot be encoded in the put, and go on [C1] [Q14.2]', async () => {
    const [left, right] = pair<unknown>()
    expect(await codeOf(left.put(() => {}))).toBe('ERR_CODEC')
    await left.put('after')
    expect(await right.get()).toBe('after')
  })

  it('are Observables and Observers', async () => {
    const [left, right] = pair<number>()
    of(1, 2, 3).subscribe(left)
    expect(
      await firstValueFrom(
        right.pipe(
          map(n => n * 2),
          toArray(),
        ),
      ),
    ).toEqual([2, 4, 6])
  })

  it('pass an error of the source on, behind its items [C4]', async () => {
    const [left, right] = pair<number>()
    const seen: unknown[] = []
    const ended = new Promise(resolve => right.subscribe({ next: n => seen.push(n), error: resolve }))
    throwError(() => new RangeError('too far'))
      .pipe(startWith(1))
      .subscribe(left)
    expect([((await ended) as Error).name, seen]).toEqual(['RangeError', [1]])
  })

  it('send no more than is settled and a window [C3]', async () => {
    const [left, right] = pair<number>()
    let sent = 0
    const numbers = fifoQueue<number>()
    await numbers.putBatch(Array.from({ length: 5000 }, (_, n) => n))
    numbers
      .observe({ prefetch: 4000 })
      .pipe(tap(() => sent++))
      .subscribe(left.sink())
    const held: (() => Promise<void>)[] = []
    right.deliveries({ prefetch: 10 }).subscribe(delivery => held.push(() => delivery.ack()))
    while (held.length < 10) await new Promise(resolve => setImmediate(resolve))
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    expect([held.length, sent, numbers.metrics().acked]).toEqual([10, 4000, 0])
    for (let n = 0; n < 5000; n++) {
      while (!held[n]) await new Promise(resolve => setImmediate(resolve))
      await held[n]?.()
    }
    while (numbers.metrics().acked < 5000) await new Promise(resolve => setImmediate(resolve))
  })

  it('let a put wait for room, with timeout and signal [C2] [P28]', async () => {
    const [left, right] = pair<number>()
    for (let n = 0; n < 1024; n++) await left.put(n)
    expect(await codeOf(left.put(1024, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(await codeOf(left.put(1024, { timeout: 5 }))).toBe('ERR_QUEUE_FULL')
    const abort = new AbortController()
    const aborted = left.put(1024, { signal: abort.signal }).catch(reason => reason)
    abort.abort('enough')
    expect(await aborted).toBe('enough')
    const waiting = left.put(1024)
    for (let n = 0; n <= 1024; n++) expect(await right.get()).toBe(n)
    await waiting
  })

  it('settle an item of a queue when a reader at the other end has [C2] [Q3.1]', async () => {
    const [left, right] = pair<number>()
    const queue = fifoQueue<number>()
    await queue.put(7)
    queue.subscribe(left)
    const delivery = await right.receive()
    expect([delivery.value, queue.metrics().acked]).toEqual([7, 0])
    await delivery.ack()
    while (queue.metrics().acked === 0) await new Promise(resolve => setImmediate(resolve))
  })

  it('give what the other end did not settle back to its queue when it closes [C5]', async () => {
    const [left, right] = pair<number>()
    const queue = fifoQueue<number>()
    await queue.putBatch([7, 8])
    const sink = left.sink()
    queue.subscribe(sink)
    await right.receive()
    await right.close()
    expect([await codeOf(sink.done), (await queue.stat()).size]).toEqual(['ERR_QUEUE_CLOSED', 2])
  })

  it('complete each other when one closes, behind what it sent [C5]', async () => {
    const [left, right] = pair<number>()
    await left.put(1)
    await left.put(2)
    await left.close()
    expect(await firstValueFrom(right.pipe(toArray()))).toEqual([1, 2])
    await right.done
    expect(await codeOf(right.put(3))).toBe('ERR_QUEUE_CLOSED')
    expect(await codeOf(left.get())).toBe('ERR_QUEUE_CLOSED')
  })

  it('reject the waiting calls of the end that is closed', async () => {
    const [left] = pair<number>()
    const waiting = [left.get(), left.receive(), left.consume(() => {})].map(codeOf)
    await left.close()
    await left.close()
    expect(await Promise.all(waiting)).toEqual(Array(3).fill('ERR_QUEUE_CLOSED'))
    expect(await codeOf(left.put(1))).toBe('ERR_QUEUE_CLOSED')
  })

  it('can be closed in one direction only [C4]', async () => {
    const [left, right] = pair<number>()
    from([1, 2]).subscribe(left.sink())
    expect(await firstValueFrom(right.pipe(toArray()))).toEqual([1, 2])
    await right.put(3)
    expect(await left.get()).toBe(3)
    expect(await codeOf(left.put(4))).toBe('ERR_SINK_ENDED')
    right.complete()
    await Promise.all([left.done, right.done])
  })

  it('overflow with an error when nobody reads [Q9.2]', async () => {
    const [left] = pair<number>()
    const sink = left.sink({ highWaterMark: 4 })
    const numbers = new Subject<number>()
    numbers.subscribe(sink)
    for (let n = 0; n < 1024 + 5; n++) numbers.next(n)
    expect([await codeOf(sink.done), numbers.observed]).toEqual(['ERR_SINK_OVERFLOW', false])
  })

  it('work with operators that hold deliveries [Q4.2]', async () => {
    const [left, right] = pair<number>()
    right
      .deliveries()
      .pipe(
        each(async n => n + 1, { concurrency: 4 }),
        settle(),
      )
      .subscribe(right)
    for (let n = 0; n < 20; n++) await left.put(n)
    const sum = await firstValueFrom(left.pipe(take(20), toArray()))
    expect(sum.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  })

  it('are iterated until the other end closes', async () => {
    const [left, right] = pair<number>()
    await left.put(1)
    await left.close()
    const seen: number[] = []
    for await (const n of right) seen.push(n)
    expect(seen).toEqual([1])
  })

  it('are handed over once, and not after use [C7]', async () => {
    const [left, right] = pair<number>()
    await left.put(1)
    expect(() => left.port).toThrow(expect.objectContaining({ code: 'ERR_NOT_PORTABLE' }))
    const { port } = right
    expect(() => right.port).toThrow(expect.objectContaining({ code: 'ERR_NOT_PORTABLE' }))
    const again = openConnection<number>(port)
    open.push(again)
    expect(await again.get()).toBe(1)
  })
})

describe('an end of a connection in a child process', () => {
  it('is opened by its descriptor', async () => {
    const { here } = await inChild<number, number>('double')
    await here.put(21)
    expect(await here.get()).toBe(42)
  })

  it('is opened by the descriptor of a pipe of stdio', async () => {
    const child = fork(FIXTURE, ['fd', '4', 'double'], { stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] })
    children.push(child)
    const here = openConnection<number>(child.stdio[4] as Duplex)
    open.push(here)
    await here.put(21)
    expect(await here.get()).toBe(42)
  })

  it('completes this one when it closes', async () => {
    const { here } = await inChild<number, number>('three')
    expect(await firstValueFrom(here.pipe(toArray()))).toEqual([1, 2, 3])
    await here.done
  })

  it('ends when this one closes, and lets its process end', async () => {
    const { here, child } = await inChild<number, number>('double')
    await here.put(1)
    await here.get()
    const exit = once(child, 'exit')
    await here.close()
    expect((await exit)[0]).toBe(0)
  })

  it('is an error here when its process is killed [C6]', async () => {
    const { here, child } = await inChild<string, number>('hold')
    expect(await here.get()).toBe('holding')
    const queue = fifoQueue<number>()
    await queue.putBatch([1, 2, 3])
    const sink = here.sink()
    queue.subscribe(sink)
    while ((await queue.stat()).leased < 3) await new Promise(resolve => setImmediate(resolve))
    const waiting = codeOf(firstValueFrom(here))
    child.kill('SIGKILL')
    expect([await waiting, await codeOf(here.done), await codeOf(sink.done)]).toEqual(Array(3).fill('ERR_PEER_LOST'))
    expect((await queue.stat()).size).toBe(3)
    expect(await codeOf(here.put(4))).toBe('ERR_PEER_LOST')
  })
})

describe('an end of a connection in a worker thread', () => {
  it('is opened by its port', async () => {
    const { here } = inWorker<number, number>('double')
    await here.put(21)
    expect(await here.get()).toBe(42)
  })

  it('is an error here when its thread is ended [C6]', async () => {
    const { here, worker } = inWorker<string, number>('hold')
    expect(await here.get()).toBe('holding')
    const ended = codeOf(firstValueFrom(here))
    await worker.terminate()
    expect([await ended, await codeOf(here.done)]).toEqual(['ERR_PEER_LOST', 'ERR_PEER_LOST'])
  })

  it('ends when this one closes, and lets its thread end', async () => {
    const { here, worker } = inWorker<number, number>('double')
    await here.put(1)
    await here.get()
    const exit = once(worker, 'exit')
    await here.close()
    expect((await exit)[0]).toBe(0)
  })
})
