import { EventEmitter, on } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { fifoQueue, link } from 'queuelink'
import { fromEvent, type InteropObservable, type Observer, of, takeUntil } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf, leavesNothing, PLACEMENTS, range, take, until } from './help.js'

leavesNothing()

/** As another library makes them: no `pipe`, no rxjs. */
function foreign<T>(subscribe: (observer: Observer<T>) => () => void): InteropObservable<T> {
  const observable = {
    subscribe: (observer: Observer<T>) => ({ unsubscribe: subscribe(observer) }),
    '@@observable': () => observable,
  }
  return observable as unknown as InteropObservable<T>
}

describe.each(PLACEMENTS)('a link placed %s', placement => {
  it.concurrent('[L44] reads the events of an EventEmitter, and tells another', async () => {
    const [source, destination] = [new EventEmitter(), new EventEmitter()]
    const seen: unknown[] = []
    destination.on('order', order => seen.push(order))
    const orders = fromEvent(source, 'order').pipe(takeUntil(fromEvent(source, 'end')))
    const linked = link(orders, { next: order => void destination.emit('order', order) }, { placement })
    await until(() => source.listenerCount('order') === 1)
    for (const n of range(0, 100)) source.emit('order', { n })
    source.emit('end')
    await linked.done
    expect(seen).toEqual(range(0, 100).map(n => ({ n })))
    expect(source.eventNames()).toEqual([])
  })

  it.concurrent('[L44] reads an async generator, no further than its window, and ends it when it stops', async () => {
    let pulled = 0
    let ended = false
    async function* numbers(): AsyncGenerator<number> {
      try {
        for (;;) yield pulled++
      } finally {
        ended = true
      }
    }
    const destination = fifoQueue<number>({ capacity: 1 })
    const linked = link(numbers(), destination, { placement, prefetch: 8 })
    expect(await take(destination, 50)).toEqual(range(0, 50))
    await linked.stop({ timeout: 0, drain: false })
    await until(() => ended)
    expect(pulled).toBeLessThan(2000)
  })

  it.concurrent('[L44] reads what else is iterated asynchronously: events by `on`, an object of its own', async () => {
    const emitter = new EventEmitter()
    const events = on(emitter, 'word', { close: ['end'] })
    const once = {
      async *[Symbol.asyncIterator]() {
        yield ['mine']
      },
    }
    const destination = fifoQueue<string[]>()
    const linked = link([events, once] as AsyncIterable<string[]>[], destination, { placement })
    emitter.emit('word', 'a')
    emitter.emit('word', 'b', 'c')
    emitter.emit('end')
    await linked.done
    const items = await take(destination, 3)
    expect(items.sort()).toEqual([['a'], ['b', 'c'], ['mine']])
  })

  it.concurrent('[L44] reads and writes web streams', async () => {
    const chunks: Buffer[] = []
    let closed = false
    const text = new ReadableStream<string>({
      start(controller) {
        for (const part of ['on', 'e\ntw', 'o\n']) controller.enqueue(part)
        controller.close()
      },
    })
    const sink = new WritableStream<Uint8Array>({
      write: chunk => void chunks.push(Buffer.from(chunk)),
      close: () => {
        closed = true
      },
    })
    await link(text, sink, { placement }).done
    expect([Buffer.concat(chunks).toString(), closed]).toEqual(['one\ntwo\n', true])
  })

  it.concurrent('[L44] reads and writes streams of Node, of text and of objects', async () => {
    const out = new PassThrough()
    await link(Readable.from(['a\nb', '\n'], { objectMode: false }), out, { placement }).done
    expect(String(out.read())).toBe('a\nb\n')
    const objects = fifoQueue<{ n: number }>()
    await link(Readable.from([{ n: 1 }, { n: 2 }]), objects, { placement }).done
    expect(await objects.getBatch(3)).toEqual([{ n: 1 }, { n: 2 }])
    const broken = new Writable({ write: (_, __, callback) => callback(new Error('no room')) })
    expect(await failureOf(link(of('a'), broken, { placement }).done)).toMatchObject({ code: 'ERR_STREAM' })
  })

  it.concurrent('[L44] reads an Observable of another library, and lets it go', async () => {
    let left = 0
    const source = foreign<number>(observer => {
      for (const n of range(0, 10)) observer.next(n)
      return () => void left++
    })
    const destination = fifoQueue<number>()
    const linked = link(source, destination, { placement })
    expect(await take(destination, 10)).toEqual(range(0, 10))
    await linked.stop()
    expect(left).toBe(1)
    const failing = foreign<number>(observer => {
      observer.error(new Error('theirs'))
      return () => {}
    })
    expect((await failureOf(link(failing, fifoQueue(), { placement }).done)).message).toBe('theirs')
  })
})
