import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { CodecError, fifoQueue, fromFile, QueueLinkError, toFile } from 'queuelink'
import { concat, from, NEVER, of, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()
const path = (): string => join(dir(), 'out')
const content = (): string => readFileSync(path(), 'utf8')
const holds = (text: string) => (): boolean => existsSync(path()) && content() === text

const AWKWARD = ['', ' ', '\r', '\0', 'é€😀', '\uFEFFbom', '\u2028', 'x'.repeat(100_000), '"\\n"']

describe('toFile', () => {
  it('E1: writes lines by default, bytes and JSON on demand', async () => {
    const lines = toFile(path())
    of('a', Buffer.from([0xff, 0x00]), 'ü').subscribe(lines)
    await lines.done
    expect(readFileSync(path())).toEqual(Buffer.from([97, 10, 0xff, 0, 10, 0xc3, 0xbc, 10]))
    const bytes = toFile(path(), { as: 'bytes' })
    of('a', new Uint8Array([1, 2]), 'b').subscribe(bytes)
    await bytes.done
    expect(content()).toBe('a\x01\x02b')
    const json = toFile(path(), { as: 'json' })
    of({ a: 'x\ny' }, null, 1).subscribe(json)
    await json.done
    expect(content()).toBe('{"a":"x\\ny"}\nnull\n1\n')
  })

  it('awkward texts come back byte for byte', async () => {
    const sink = toFile(path())
    from(AWKWARD).subscribe(sink)
    await sink.done
    expect(content()).toBe(AWKWARD.map(t => `${t}\n`).join(''))
    expect((await outcome(fromFile(path()))).values).toEqual(AWKWARD)
  })

  it('any well-formed lines come back from a file', async () => {
    const line = fc.string({ unit: 'binary' }).filter(t => !t.includes('\n') && !/\p{Surrogate}/u.test(t))
    await fc.assert(
      fc.asyncProperty(fc.array(line), async lines => {
        const sink = toFile(path())
        from(lines).subscribe(sink)
        await sink.done
        expect((await outcome(fromFile(path()))).values).toEqual(lines)
      }),
      { numRuns: 40 },
    )
  })

  it('E6: replaces the file, or keeps it and writes after it', async () => {
    writeFileSync(path(), 'a long old content\n')
    const first = toFile(path())
    of('new').subscribe(first)
    await first.done
    expect(content()).toBe('new\n')
    const second = toFile(path(), { append: true })
    of('more').subscribe(second)
    await second.done
    expect(content()).toBe('new\nmore\n')
  })

  it('Q5.4: an empty item is settled as any other', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path(), { as: 'bytes' })
    queue.subscribe(sink)
    await queue.put('')
    await until(() => queue.metrics().acked === 1)
    await queue.putBatch(['a', ''])
    await until(() => queue.metrics().acked === 3)
    sink.complete()
    await sink.done
    expect(content()).toBe('a')
  })

  it('an empty source leaves an empty file', async () => {
    writeFileSync(path(), 'old')
    const sink = toFile(path())
    of<string[]>().subscribe({ complete: () => sink.complete() })
    await sink.done
    expect(content()).toBe('')
  })

  it.each([
    ['', ''],
    ['a', ''],
    ['a\n', 'a\n'],
    ['a\nb', 'a\n'],
    ['a\n\n', 'a\n\n'],
    [`a\n${'b'.repeat(200_000)}`, 'a\n'],
    ['b'.repeat(200_000), ''],
  ])('L31: cuts half a record off before it goes on (%#)', async (before, kept) => {
    writeFileSync(path(), before)
    const sink = toFile(path(), { cut: true })
    of('next').subscribe(sink)
    await sink.done
    expect(content()).toBe(`${kept}next\n`)
  })

  it('L31: makes the file if there is none to cut, and never cuts bytes', async () => {
    const lines = toFile(path(), { cut: true })
    of('a').subscribe(lines)
    await lines.done
    expect(content()).toBe('a\n')
    const bytes = toFile(path(), { cut: true, as: 'bytes' })
    of('bcd').subscribe(bytes)
    await bytes.done
    expect(content()).toBe('a\nbcd')
  })

  it('Q5.2, Q5.4: an item is settled when it is written, without waiting for another', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path())
    const subscription = queue.subscribe(sink)
    await queue.put('a')
    expect(await queue.stat()).toMatchObject({ leased: 1 })
    await until(holds('a\n'))
    await until(() => queue.metrics().acked === 1)
    subscription.unsubscribe()
    await sink.done
  })

  it('Q3.2: a queue has no more out than its window, however much there is to write', async () => {
    const queue = fifoQueue<string>()
    await queue.putBatch(Array.from({ length: 10_000 }, (_, i) => `${i}`))
    const sink = toFile(path())
    let most = 0
    queue.subscribe(sink)
    while ((await queue.stat()).leased > 0 || queue.size > 0) {
      most = Math.max(most, (await queue.stat()).leased)
      await sleep(0)
    }
    expect(most).toBeLessThanOrEqual(256)
    sink.complete()
    await sink.done
    expect(content().split('\n')).toHaveLength(10_001)
  })

  it('Q14: what cannot be encoded fails in the call, goes back, and ends the subscription', async () => {
    const queue = fifoQueue<unknown>()
    const sink = toFile(path(), { as: 'json' })
    queue.subscribe(sink)
    await queue.put({ fine: true })
    await queue.put(1n)
    await expect(sink.done).rejects.toThrow(CodecError)
    await until(() => queue.size === 1)
    expect(content()).toBe('{"fine":true}\n')
  })

  it('Q6.2: after an unsubscribe, what was accepted is written, and then done', async () => {
    const input = new Subject<string>()
    const sink = toFile(path())
    const subscription = input.subscribe(sink)
    for (let i = 0; i < 1000; i++) input.next(`${i}`)
    subscription.unsubscribe()
    await sink.done
    expect(content().split('\n')).toHaveLength(1001)
  })

  it('a source that fails: what came before is written, and done rejects with its error', async () => {
    const failure = new Error('source')
    const sink = toFile(path())
    concat(
      of('a', 'b'),
      throwError(() => failure),
    ).subscribe(sink)
    await expect(sink.done).rejects.toBe(failure)
    expect(content()).toBe('a\nb\n')
  })

  it.each([
    ['its directory is missing', () => join(dir(), 'no', 'file'), 'ENOENT', /directory exists/],
    ['it is a directory', () => dir(), 'EISDIR', /is a directory/],
    ['the disk is full', () => '/dev/full', 'ENOSPC', /disk is full/],
  ])('Q8.4, Q8.5: where %s, items go back and all ends with ERR_FILE', async (_, where, code, mend) => {
    const queue = fifoQueue<string>()
    await queue.putBatch(['a', 'b', 'c'])
    const sink = toFile(where())
    const subscription = queue.subscribe(sink)
    const error = await sink.done.then(
      () => undefined,
      error => error,
    )
    expect(error).toBeInstanceOf(QueueLinkError)
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code }, message: expect.stringMatching(mend) })
    expect(subscription.closed).toBe(true)
    await until(() => queue.size === 3)
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c'])
  })

  it('fails every value that waits for room when the file fails', async () => {
    const sink = toFile('/dev/full', { as: 'bytes' })
    const megabyte = Buffer.alloc(1024 * 1024)
    const queue = fifoQueue<Uint8Array>()
    await queue.putBatch(new Array(20).fill(megabyte))
    queue.subscribe(sink)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_FILE' })
    await until(() => queue.size === 20)
  })

  it('an operator that failed on an item gives it back', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path())
    queue.subscribe(sink)
    await queue.put('a')
    await until(holds('a\n'))
    sink.error(new Error('stop'))
    await expect(sink.done).rejects.toThrow('stop')
  })

  it('Q9.2: a source without receipts that outruns the file is told so', async () => {
    const sink = toFile(path(), { as: 'bytes' })
    const chunk = Buffer.alloc(100_000)
    const input = new Subject<Uint8Array>()
    input.subscribe(sink)
    for (let i = 0; i < 1100; i++) input.next(chunk)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_SINK_OVERFLOW' })
    expect(input.observed).toBe(false)
  })

  it('Q9.6: refuses a second source', async () => {
    const sink = toFile(path())
    NEVER.subscribe(sink)
    expect(() => new Subject<string>().subscribe(sink)).toThrow(expect.objectContaining({ code: 'ERR_SINK_TAKEN' }))
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_SINK_TAKEN' })
  })

  it('leaves no descriptor open, however it ends', async () => {
    mkdirSync(join(dir(), 'd'))
    await leavesNothingOpen(async () => {
      const sinks = [
        toFile(path()),
        toFile(path()),
        toFile('/dev/full'),
        toFile(join(dir(), 'd')),
        toFile(path()),
      ] as const
      of('a').subscribe(sinks[0])
      NEVER.subscribe(sinks[1]).unsubscribe()
      of('a').subscribe(sinks[2])
      of('a').subscribe(sinks[3])
      throwError(() => new Error('x')).subscribe(sinks[4])
      const cut = toFile(path(), { cut: true })
      of('a').subscribe(cut)
      await Promise.allSettled([...sinks.map(sink => sink.done), cut.done])
    })
  })

  it('waits for the reader of a FIFO without holding threads', async () => {
    const fifos = Array.from({ length: 6 }, (_, i) => join(dir(), `f${i}`))
    execFileSync('mkfifo', fifos)
    const sinks = fifos.map(fifo => toFile(fifo))
    for (const sink of sinks) of('a', 'b').subscribe(sink)
    await sleep(20)
    const plain = toFile(path())
    of('free').subscribe(plain)
    await plain.done
    for (const fifo of fifos) expect((await outcome(fromFile(fifo))).values).toEqual(['a', 'b'])
    await Promise.all(sinks.map(sink => sink.done))
  })

  it('a full queue does not stop a file that has its own subscription', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i}`)
    writeFileSync(path(), lines.map(l => `${l}\n`).join(''))
    const slow = fifoQueue<string>({ capacity: 1 })
    const source = fromFile(path())
    const stuck = source.subscribe(slow)
    const copy = toFile(join(dir(), 'copy'))
    source.subscribe(copy)
    await copy.done
    expect(readFileSync(join(dir(), 'copy'), 'utf8')).toBe(content())
    stuck.unsubscribe()
    expect(existsSync(path())).toBe(true)
  })
})
