import { EventEmitter, on } from 'node:events'
import { PassThrough, Readable, Transform } from 'node:stream'
import { ReadableStream, TextDecoderStream, TransformStream, WritableStream } from 'node:stream/web'
import { setTimeout as sleep } from 'node:timers/promises'
import { CodecError, fifoQueue, fromIterable, fromReadable, toWritable } from 'queuelink'
import { firstValueFrom, of, take, throwError, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { outcome, until } from './help.js'

const web = (...chunks: unknown[]): ReadableStream => ReadableStream.from(chunks)

describe('fromReadable with items', () => {
  it('E20: a Readable in object mode passes its items as they are, whatever `as`', async () => {
    const items = [{ a: 1 }, 'text\n', 7, Buffer.from('b'), false, '']
    for (const as of ['lines', 'bytes', 'json', 'frames'] as const) {
      expect(await outcome(fromReadable(Readable.from(items), { as }))).toEqual({ values: items })
    }
  })

  it('E20, E3: pulls no item before somebody has room for it', async () => {
    let made = 0
    const stream = new Readable({ objectMode: true, highWaterMark: 1, read: () => void stream.push({ n: made++ }) })
    const queue = fifoQueue<unknown>({ capacity: 5 })
    const subscription = fromReadable(stream).observe({ prefetch: 10 }).subscribe(queue)
    await sleep(50)
    expect(made).toBeLessThanOrEqual(5 + 10 + 2)
    expect(await queue.get()).toEqual({ n: 0 })
    subscription.unsubscribe()
    expect(stream.destroyed).toBe(true)
  })

  it('E20: a stream of items that fails is an error after all that came before', async () => {
    const stream = new Transform({ objectMode: true, transform: (item, _, done) => done(null, item) })
    for (let i = 0; i < 10; i++) stream.write(i)
    const failure = new Error('torn')
    const ended = outcome(fromReadable(stream))
    await sleep(5)
    stream.destroy(failure)
    const { values, error } = await ended
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(error).toMatchObject({ code: 'ERR_STREAM', cause: failure })
  })

  it('what a stream holds when it fails still comes, although its reader was slow', async () => {
    const stream = new PassThrough()
    stream.write('a\nb\nc\nhal')
    const ended = outcome(fromReadable(stream))
    stream.destroy(new Error('torn'))
    expect(await ended).toMatchObject({ values: ['a', 'b', 'c'], error: { code: 'ERR_STREAM' } })
  })
})

describe('fromReadable with web streams', () => {
  it('E21: bytes and text are decoded, across the borders of chunks', async () => {
    const bytes = Buffer.from('é€\n😀')
    const chunks = [...bytes].map(byte => new Uint8Array([byte]))
    expect(await outcome(fromReadable(web(...chunks)))).toEqual({ values: ['é€', '😀'] })
    expect(await outcome(fromReadable(web('{"a":', '1}\n2'), { as: 'json' }))).toEqual({ values: [{ a: 1 }, 2] })
    expect(await outcome(fromReadable(new Blob(['a\nb', '\nc']).stream()))).toEqual({ values: ['a', 'b', 'c'] })
    const text = web(bytes).pipeThrough(new TextDecoderStream())
    expect(await outcome(fromReadable(text))).toEqual({ values: ['é€', '😀'] })
    expect(await outcome(fromReadable(web()))).toEqual({ values: [] })
  })

  it('E21: one that begins with anything else brings items', async () => {
    expect(await outcome(fromReadable(web({ a: 1 }, 'x', 2), { as: 'json' }))).toEqual({ values: [{ a: 1 }, 'x', 2] })
  })

  it('E21: one that turns from bytes to items is a CodecError', async () => {
    const { values, error } = await outcome(fromReadable(web('a\n', { b: 1 })))
    expect(values).toEqual(['a'])
    expect(error).toBeInstanceOf(CodecError)
  })

  it('E21: is read once, cancelled by unsubscribing, and not locked before a subscription', async () => {
    let cancelled = 0
    const stream = new ReadableStream({ pull: c => c.enqueue('a\nb\n'), cancel: () => void cancelled++ })
    const source = fromReadable(stream)
    expect(stream.locked).toBe(false)
    expect(await outcome(source.pipe(take(3)))).toEqual({ values: ['a', 'b', 'a'] })
    await until(() => cancelled === 1)
    expect((await outcome(source)).error).toMatchObject({ code: 'ERR_STREAM_TAKEN' })
    const locked = web('a')
    locked.getReader()
    expect((await outcome(fromReadable(locked))).error).toMatchObject({ code: 'ERR_STREAM_TAKEN' })
  })

  it('E21, E3: does not read on while nobody has room', async () => {
    let made = 0
    const stream = new ReadableStream({ pull: c => c.enqueue({ n: made++ }) }, { highWaterMark: 0 })
    const queue = fifoQueue<unknown>({ capacity: 5 })
    const subscription = fromReadable(stream).observe({ prefetch: 10 }).subscribe(queue)
    await sleep(50)
    expect(made).toBeLessThanOrEqual(5 + 10 + 3)
    subscription.unsubscribe()
  })

  it('E21: a failure is ERR_STREAM with its cause', async () => {
    const failure = new Error('torn')
    const stream = new ReadableStream({ pull: c => c.error(failure) })
    expect((await outcome(fromReadable(stream))).error).toMatchObject({ code: 'ERR_STREAM', cause: failure })
  })

  it.each([undefined, null, {}, 'path', 7])('Q16.4: refuses %j', stream => {
    expect(() => fromReadable(stream as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})

describe('toWritable with web streams', () => {
  it('E22: an item is settled when the stream has taken it, and not before; the end closes it', async () => {
    const chunks: string[] = []
    let finish = (): void => {}
    let closed = false
    const stream = new WritableStream({
      write: chunk => {
        chunks.push(Buffer.from(chunk).toString())
        return new Promise<void>(resolve => {
          finish = resolve
        })
      },
      close: () => {
        closed = true
      },
    })
    const queue = fifoQueue<string>()
    const sink = toWritable(stream)
    queue.subscribe(sink)
    await queue.putBatch(['a', 'b'])
    await until(() => chunks.length === 1)
    await sleep(5)
    expect((await queue.stat()).leased).toBe(2)
    finish()
    await until(() => queue.metrics().acked === 2)
    sink.complete()
    await sink.done
    expect([chunks, closed]).toEqual([['a\nb\n'], true])
  })

  it('E22: a stream that fails gives its items back', async () => {
    const failure = new Error('no more')
    const queue = fifoQueue<string>()
    await queue.put('a')
    const sink = toWritable(
      new WritableStream({
        write: () => {
          throw failure
        },
      }),
    )
    queue.subscribe(sink)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_STREAM', cause: failure })
    await until(() => queue.size === 1)
  })

  it('E22: carries frames through a web transform, and aborts it when the source fails', async () => {
    const { readable, writable } = new TransformStream()
    const sink = toWritable(writable, { as: 'frames' })
    of(new Map([[1, 2n]]), undefined).subscribe(sink)
    expect(await outcome(fromReadable(readable, { as: 'frames' }))).toEqual({ values: [new Map([[1, 2n]]), undefined] })
    let aborted: unknown
    const torn = toWritable(new WritableStream({ abort: reason => void (aborted = reason ?? true) }))
    throwError(() => new Error('source')).subscribe(torn)
    await expect(torn.done).rejects.toThrow('source')
    await until(() => aborted !== undefined)
  })

  it('E22: a locked stream is ERR_STREAM_TAKEN', () => {
    const stream = new WritableStream()
    stream.getWriter()
    expect(() => toWritable(stream)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_TAKEN' }))
  })
})

describe('fromIterable', () => {
  const slowly = async function* (log: string[] = []): AsyncGenerator<number> {
    try {
      for (let i = 0; ; i++) {
        await sleep(1)
        log.push(`pull ${i}`)
        yield i
      }
    } finally {
      log.push('end')
    }
  }

  it('brings what is iterated, sync or async, and each subscription iterates anew', async () => {
    const source = fromIterable(new Set([1, undefined, null]))
    expect(await outcome(source)).toEqual({ values: [1, undefined, null] })
    expect(await outcome(source)).toEqual({ values: [1, undefined, null] })
    expect(await outcome(fromIterable(slowly()).pipe(take(3)))).toEqual({ values: [0, 1, 2] })
    expect(await outcome(fromIterable([]))).toEqual({ values: [] })
    expect(await outcome(fromIterable('aé'))).toEqual({ values: ['a', 'é'] })
  })

  it('pitfall 36, E23: no more is pulled than is settled and one window', async () => {
    let pulled = 0
    let done = 0
    function* numbers(): Generator<number> {
      while (true) yield pulled++
    }
    const most: number[] = []
    const subscription = fromIterable(numbers())
      .deliveries({ prefetch: 4 })
      .subscribe(async delivery => {
        await sleep(1)
        most.push(pulled - done)
        done++
        await delivery.ack()
      })
    await until(() => done > 50)
    subscription.unsubscribe()
    expect(Math.max(...most)).toBe(4)
  })

  it.each([1, 3])('E23: into a full queue, %i more are pulled than it holds', async prefetch => {
    let pulled = 0
    const queue = fifoQueue<number>({ capacity: 2 })
    async function* numbers(): AsyncGenerator<number> {
      while (true) yield pulled++
    }
    const subscription = fromIterable(numbers()).observe({ prefetch }).subscribe(queue)
    await sleep(30)
    expect(pulled).toBe(2 + prefetch)
    for (let i = 0; i < 10; i++) expect(await queue.get()).toBe(i)
    await until(() => pulled === 12 + prefetch)
    subscription.unsubscribe()
  })

  it('E23: unsubscribing calls return(), once', async () => {
    const log: string[] = []
    expect(await firstValueFrom(fromIterable(slowly(log)).pipe(take(2), toArray()))).toEqual([0, 1])
    await until(() => log.includes('end'))
    expect(log.filter(what => what === 'end')).toHaveLength(1)
    let returned = 0
    const endless = { next: () => ({ done: false, value: 1 }), return: () => ({ done: true, value: returned++ }) }
    await firstValueFrom(fromIterable({ [Symbol.iterator]: () => endless } as Iterable<number>))
    expect(returned).toBe(1)
    await outcome(fromIterable([1]))
    fromIterable(on(new EventEmitter(), 'x')).subscribe().unsubscribe()
  })

  it('E23: an error of the iterator ends the source as it is, and return() is not called', async () => {
    const failure = new Error('mine')
    const failing = async function* (): AsyncGenerator<number> {
      yield 1
      throw failure
    }
    expect(await outcome(fromIterable(failing()))).toEqual({ values: [1], error: failure })
    const early = { [Symbol.iterator]: () => ({ next: () => Promise.reject(undefined) }) }
    expect((await outcome(fromIterable(early as never))).error).toBeInstanceOf(Error)
    const broken = {
      [Symbol.iterator]: () => {
        throw failure
      },
    }
    expect((await outcome(fromIterable(broken))).error).toBe(failure)
  })

  it('lets the event loop run, and does not run out of stack', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    const { values } = await outcome(fromIterable(Array.from({ length: 100_000 }, (_, i) => i)))
    clearInterval(timer)
    expect(values).toHaveLength(100_000)
    expect(turns).toBeGreaterThan(3)
  })

  it.each([undefined, null, 7, {}])('Q16.4: refuses %j', iterable => {
    expect(() => fromIterable(iterable as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('an item given back comes again, and is not pulled again', async () => {
    const seen: string[] = []
    const source = fromIterable(['a', 'b']).deliveries({ prefetch: 1 })
    await new Promise<void>((complete, error) => {
      source.subscribe({
        next: delivery => {
          seen.push(`${delivery.value}${delivery.attempt}`)
          void (delivery.attempt < 2 ? delivery.nack() : delivery.ack())
        },
        complete,
        error,
      })
    })
    expect(seen).toEqual(['a1', 'a2', 'b1', 'b2'])
  })
})
