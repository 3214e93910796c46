import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fifoQueue, link } from 'queuelink'
import { range as numbers, of, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf, leavesNothing, PLACEMENTS, range, take, until, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

describe.each(PLACEMENTS)('a link placed %s', placement => {
  it.concurrent('[L33][Q8.4] fails when the disk is full, and the items go back', async () => {
    const source = fifoQueue<string>()
    await source.putBatch(['a', 'b', 'c'])
    const error = await failureOf(link(source, '/dev/full', { placement }).done)
    expect(error).toMatchObject({ code: 'ERR_FILE', message: expect.stringMatching(/ENOSPC.*the disk is full/) })
    expect((await take(source, 3)).sort()).toEqual(['a', 'b', 'c'])
  })

  it.concurrent('[L33] fails when a destination queue is shut down, and the items go back', async () => {
    const source = fifoQueue<number>()
    const shut = fifoQueue<number>()
    const open = fifoQueue<number>()
    const linked = link(source, [open, shut], { placement })
    await source.put(1)
    await until(() => linked.metrics().settled === 1)
    await shut.shutdown()
    await source.putBatch([2, 3])
    expect(await failureOf(linked.done)).toMatchObject({ name: 'QueueClosedError' })
    expect((await take(source, 2)).sort()).toEqual([2, 3])
    expect(await shut.get()).toBe(1)
  })

  it.concurrent('[L33] fails when a destination is full and is shut down then', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 1 })
    await source.putBatch([1, 2, 3])
    const linked = link(source, full, { placement })
    await until(() => linked.metrics().settled === 1)
    await full.shutdown()
    expect(await failureOf(linked.done)).toMatchObject({ name: 'QueueClosedError' })
    expect((await take(source, 2)).sort()).toEqual([2, 3])
  })

  it.concurrent('[L33] fails when the handle of its source is closed', async () => {
    const source = fifoQueue<number>()
    const linked = link(source, fifoQueue(), { placement })
    await source.put(1)
    await until(() => linked.metrics().settled === 1)
    await source.close()
    expect(await failureOf(linked.done)).toMatchObject({ name: 'QueueClosedError' })
  })

  it.concurrent('[L33] fails with the error of a stream, after what came before it', async () => {
    const stream = new PassThrough()
    const destination = fifoQueue<string>()
    const linked = link(stream, destination, { placement })
    stream.write('one\ntwo\n')
    expect(await take(destination, 2)).toEqual(['one', 'two'])
    stream.destroy(new Error('the cable was cut'))
    const error = await failureOf(linked.done)
    expect(error).toMatchObject({ code: 'ERR_STREAM', message: expect.stringContaining('the cable was cut') })
  })

  it.concurrent('[L33] fails with the error of an Observable, and completes no destination', async () => {
    const subject = new Subject<number>()
    const destination = fifoQueue<number>()
    const linked = link(subject, destination, { placement, closeOnComplete: true })
    const failure = failureOf(linked.done)
    setImmediate(() => {
      subject.next(1)
      subject.error(new RangeError('out of it'))
    })
    const error = await failure
    expect([error.name, error.message]).toEqual(['RangeError', 'out of it'])
    expect([await destination.get(), destination.closed]).toEqual([1, false])
  })

  it.concurrent('[Q9.2] fails when an Observable outruns it, also while it is subscribed to', async () => {
    const error = await failureOf(link(numbers(0, 100_000), fifoQueue(), { placement }).done)
    expect(error).toMatchObject({ name: 'SinkOverflowError', message: expect.stringContaining('1024') })
  })

  it.concurrent('[L33] fails when a stream that it writes does', async () => {
    const source = fifoQueue<string>()
    await source.putBatch(['a', 'b'])
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no paper')) })
    const error = await failureOf(link(source, broken, { placement }).done)
    expect(error).toMatchObject({ code: 'ERR_STREAM', message: expect.stringContaining('no paper') })
    expect((await take(source, 2)).sort()).toEqual(['a', 'b'])
  })

  it.concurrent('[L33] fails when an Observer throws, and the item goes back', async () => {
    const source = fifoQueue<number>()
    await source.put(1)
    const observer = {
      next: () => {
        throw new Error('not today')
      },
    }
    expect((await failureOf(link(source, observer, { placement }).done)).message).toBe('not today')
    expect(await take(source, 1)).toEqual([1])
  })

  it.concurrent('[L33] fails when a value does not fit the file, and the item goes back', async () => {
    const source = fifoQueue<unknown>()
    await source.putBatch(['fine', { no: 'text' }])
    const file = join(workDir(), 'out.txt')
    expect(await failureOf(link(source, file, { placement }).done)).toMatchObject({ name: 'CodecError' })
    expect(readFileSync(file, 'utf8')).toMatch(/^(fine\n)?$/)
    const left = await take(source, source.size)
    expect(left).toContainEqual({ no: 'text' })
  })

  it.concurrent('[L33] tells the first cause once, and in its status', async () => {
    const shut = fifoQueue<number>()
    await shut.shutdown()
    const linked = link(of(1), shut, { placement })
    const last = new Promise(resolve => {
      linked.status$.subscribe(status => void (status.state === 'failed' && resolve(status.cause)))
    })
    const error = await failureOf(linked.done)
    expect(await last).toBe(error)
    expect(linked.isAlive()).toBe(false)
    expect(await linked.stop()).toMatchObject({ moved: 0, forced: false })
  })

  it.concurrent('keeps what failed elsewhere apart: another link of the same queue goes on', async () => {
    const source = fifoQueue<number>()
    const shut = fifoQueue<number>()
    const open = fifoQueue<number>()
    await shut.shutdown()
    const failing = link(source, shut, { placement, prefetch: 1 })
    const failed = failureOf(failing.done)
    await source.putBatch(range(0, 10))
    await failed
    await using _other = link(source, open, { placement })
    expect((await take(open, 10)).sort((a, b) => a - b)).toEqual(range(0, 10))
  })
})
