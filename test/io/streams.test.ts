import { spawn } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fifoQueue, fromReadable, QueueLinkError, toWritable } from 'queuelink'
import { NEVER, of, Subject, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { encoderFor } from '#src/io/framing'
import { Outlet } from '#src/io/outlet'
import { StreamTarget } from '#src/io/stream-target'
import { leavesNothingOpen, outcome, until } from './help.js'

/** A writable that keeps what it is sent, and finishes a write when told to. */
class Held extends Writable {
  readonly chunks: string[] = []
  finish: ((error?: Error) => void) | undefined

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.chunks.push(chunk.toString())
    this.finish = done
  }
}

describe('fromReadable', () => {
  it('E1: reads lines by default, bytes and JSON on demand', async () => {
    const stream = (): Readable =>
      Readable.from([Buffer.from('1\n'), Buffer.from('[2'), Buffer.from(']')], { objectMode: false })
    expect(await outcome(fromReadable(stream()))).toEqual({ values: ['1', '[2]'] })
    expect(await outcome(fromReadable(stream(), { as: 'json' }))).toEqual({ values: [1, [2]] })
    const { values } = await outcome(fromReadable(stream(), { as: 'bytes' }))
    expect(Buffer.concat(values).toString()).toBe('1\n[2]')
  })

  it('E2: keeps characters together that come byte by byte', async () => {
    const bytes = [...Buffer.from('😀\né€')].map(byte => Buffer.from([byte]))
    expect(await outcome(fromReadable(Readable.from(bytes, { objectMode: false })))).toEqual({ values: ['😀', 'é€'] })
  })

  it('reads a stream that decodes its text itself', async () => {
    const stream = new PassThrough()
    stream.setEncoding('utf8')
    stream.end('é\n€')
    expect(await outcome(fromReadable(stream))).toEqual({ values: ['é', '€'] })
  })

  it('reads a stream that gives everything at once without running out of stack', async () => {
    let left = 50_000
    const stream = new Readable({ read: () => void stream.push(left-- > 0 ? 'x\n' : null) })
    expect((await outcome(fromReadable(stream))).values).toHaveLength(50_000)
  })

  it('E3: does not read on while its window is full', async () => {
    let made = 0
    const stream = new Readable({
      read: () => void stream.push(made++ < 100_000 ? `${'x'.repeat(999)}\n` : null),
    })
    const queue = fifoQueue<string>({ capacity: 5 })
    const subscription = fromReadable(stream).subscribe(queue)
    await sleep(50)
    expect(made).toBeLessThan(1500)
    subscription.unsubscribe()
  })

  it('E29: a second subscription is told that the stream is taken', async () => {
    const source = fromReadable(Readable.from(['a']))
    const first = outcome(source)
    expect((await outcome(source)).error).toMatchObject({ code: 'ERR_STREAM_TAKEN' })
    expect(await first).toEqual({ values: ['a'] })
  })

  it('E30: unsubscribing destroys the stream', async () => {
    const stream = new PassThrough()
    stream.write('a\nb\nc\n')
    expect(await outcome(fromReadable(stream).pipe(take(1)))).toEqual({ values: ['a'] })
    expect(stream.destroyed).toBe(true)
  })

  it('a duplex that was read to its end can still be written to', async () => {
    const written: string[] = []
    const stream = new Duplex({
      read: () => {},
      write: (chunk, _, done) => {
        written.push(String(chunk))
        done()
      },
    })
    stream.push('a\n')
    stream.push(null)
    expect(await outcome(fromReadable(stream))).toEqual({ values: ['a'] })
    const sink = toWritable(stream)
    of('b').subscribe(sink)
    await sink.done
    expect(written).toEqual(['b\n'])
  })

  it('E28: a stream that fails is an error after what came before, without half a line', async () => {
    const stream = new PassThrough()
    const ended = outcome(fromReadable(stream))
    stream.write('a\nb\nhal')
    await sleep(5)
    const failure = new Error('torn')
    stream.destroy(failure)
    const { values, error } = await ended
    expect(values).toEqual(['a', 'b'])
    expect(error).toBeInstanceOf(QueueLinkError)
    expect(error).toMatchObject({ code: 'ERR_STREAM', cause: failure })
  })

  it('a stream that closes early, or was closed before, is an error', async () => {
    const stream = new PassThrough()
    const ended = outcome(fromReadable(stream))
    setImmediate(() => stream.destroy())
    expect((await ended).error).toMatchObject({ code: 'ERR_STREAM' })
    expect((await outcome(fromReadable(stream))).error).toMatchObject({ code: 'ERR_STREAM' })
  })
})

describe('toWritable', () => {
  it('Q5.2, Q5.3: an item is settled by the write callback, and not before', async () => {
    const stream = new Held()
    const queue = fifoQueue<string>()
    const sink = toWritable(stream)
    queue.subscribe(sink)
    await queue.putBatch(['a', 'b'])
    await until(() => stream.chunks.length === 1)
    expect(stream.chunks).toEqual(['a\nb\n'])
    await queue.put('c')
    await sleep(5)
    expect([(await queue.stat()).leased, stream.chunks.length]).toEqual([3, 1])
    stream.finish?.()
    await until(() => stream.chunks.length === 2)
    expect((await queue.stat()).leased).toBe(1)
    stream.finish?.()
    await until(() => queue.metrics().acked === 3)
    sink.unsubscribe()
    await sink.done
  })

  it('holds no more than 1 MiB, and one item that is larger', async () => {
    const stream = new Held()
    const queue = fifoQueue<Uint8Array>()
    const sink = toWritable(stream, { as: 'bytes' })
    queue.subscribe(sink)
    await queue.putBatch([3, 0.6, 0.6, 0.3].map(size => Buffer.alloc(size * 1024 * 1024)))
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      await until(() => stream.chunks.length > seen.length)
      seen.push((stream.chunks[i]?.length ?? 0) / 1024 / 1024)
      stream.finish?.()
    }
    expect(seen.map(size => Math.round(size * 10) / 10)).toEqual([3, 0.6, 0.6, 0.3])
    await until(() => queue.metrics().acked === 4)
    sink.unsubscribe()
    await sink.done
  })

  it('Q10.3: ends the stream when the source completes', async () => {
    const stream = new PassThrough()
    const sink = toWritable(stream)
    of('a').subscribe(sink)
    expect(await outcome(fromReadable(stream))).toEqual({ values: ['a'] })
    await sink.done
    expect(stream.writableFinished).toBe(true)
  })

  it('ends the stream on an unsubscribe, and destroys it when the source fails', async () => {
    const left = new PassThrough().resume()
    const one = toWritable(left)
    NEVER.subscribe(one).unsubscribe()
    await one.done
    expect(left.writableFinished).toBe(true)
    const torn = new PassThrough().resume()
    const two = toWritable(torn)
    throwError(() => new Error('source')).subscribe(two)
    await expect(two.done).rejects.toThrow('source')
    expect([torn.writableFinished, torn.destroyed]).toEqual([false, true])
  })

  it('Q8.4, Q8.5: where a write fails, its items and those behind it go back', async () => {
    const stream = new Held()
    const queue = fifoQueue<string>()
    const sink = toWritable(stream)
    const subscription = queue.subscribe(sink)
    await queue.put('a')
    await until(() => stream.finish !== undefined)
    await queue.put('b')
    const failure = new Error('no more')
    stream.finish?.(failure)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_STREAM', cause: failure })
    expect(subscription.closed).toBe(true)
    await until(() => queue.size === 2)
    expect(stream.destroyed).toBe(true)
  })

  it('a stream that is destroyed, before or while, fails the sink', async () => {
    const stream = new PassThrough()
    const sink = toWritable(stream)
    const input = new Subject<string>()
    input.subscribe(sink)
    stream.destroy()
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_STREAM' })
    expect(input.observed).toBe(false)
    await expect(toWritable(stream).done).rejects.toMatchObject({ code: 'ERR_STREAM' })
  })

  it('EPIPE: a pipe whose reader has gone fails, and gives its items back', async () => {
    const child = spawn('sh', ['-c', 'read line; exec 0<&-; sleep 5'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const queue = fifoQueue<string>()
    const sink = toWritable(child.stdin)
    queue.subscribe(sink)
    await queue.put('first')
    await until(() => queue.metrics().acked === 1)
    await sleep(50)
    await queue.put('second')
    const error = await sink.done.catch(error => error)
    expect(error).toMatchObject({ code: 'ERR_STREAM', cause: { code: 'EPIPE' } })
    await until(() => queue.size === 1)
    child.kill('SIGKILL')
    await until(() => child.signalCode !== null)
  })

  it('E31: what comes when its end has begun is refused', async () => {
    const outlet = new Outlet(new StreamTarget(new PassThrough().resume(), 'x'), encoderFor('lines'), '\n')
    void outlet.finish('end')
    expect(() => outlet.assertOpen()).toThrow(expect.objectContaining({ code: 'ERR_SINK_ENDED' }))
    await outlet.ended
  })

  it('E30: stays open: stdout of the process', async () => {
    const script = `import { toWritable } from 'queuelink'; import { of } from 'rxjs'
      for (const text of ['one', 'two']) { const out = toWritable(process.stdout); of(text).subscribe(out); await out.done }
      console.log('three')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    expect(await outcome(fromReadable(child.stdout))).toEqual({ values: ['one', 'two', 'three'] })
    await until(() => child.exitCode === 0)
  })

  it('a socket carries lines there and back, and leaves no descriptor open', async () => {
    const server = createServer({ allowHalfOpen: true }, socket => {
      fromReadable(socket).subscribe(toWritable(socket))
    })
    await new Promise<void>(resolve => server.listen(0, resolve))
    const { port } = server.address() as { port: number }
    const text = Array.from({ length: 20_000 }, (_, i) => `line ${i} €`)
    await leavesNothingOpen(async () => {
      const socket: Socket = connect({ port, allowHalfOpen: true })
      const echoed = outcome(fromReadable(socket))
      const sink = toWritable(socket)
      of(...text).subscribe({ next: line => sink.next(line), complete: () => sink.complete() })
      expect((await echoed).values).toEqual(text.slice(0, 20_000))
      await sink.done
    })
    server.close()
  })
})
