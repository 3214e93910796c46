import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { fifoQueue, fromFile, fromIterable, fromReadable, QueueLinkError, toFile } from 'queuelink'
import { concat, NEVER, of, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Feed } from '#src/core/feed'
import { leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()
const path = (name = 'x.gz'): string => join(dir(), name)
const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} é€😀`)
const cwd = fileURLToPath(new URL('..', import.meta.url))

async function write(values: readonly unknown[], o: object = {}, to = path()): Promise<void> {
  const sink = toFile<unknown>(to, o as { as: 'json' })
  fromIterable(values).subscribe(sink)
  await sink.done
}

describe('fromFile with gzip', () => {
  it('E24: decompresses by the name, several members too, for every `as`', async () => {
    const text = `${lines.join('\n')}\n`
    writeFileSync(path(), Buffer.concat([gzipSync(text.slice(0, 1000)), gzipSync(text.slice(1000))]))
    expect(await outcome(fromFile(path()))).toEqual({ values: lines })
    expect(Buffer.concat((await outcome(fromFile(path(), { as: 'bytes' }))).values).toString()).toBe(text)
    writeFileSync(path(), gzipSync('1\n{"a":2}'))
    expect(await outcome(fromFile(path(), { as: 'json' }))).toEqual({ values: [1, { a: 2 }] })
    writeFileSync(path(), gzipSync(''))
    expect(await outcome(fromFile(path()))).toEqual({ values: [] })
  })

  it('E24: `gzip` is stronger than the name', async () => {
    writeFileSync(path('plain.gz'), 'a\n')
    writeFileSync(path('packed'), gzipSync('b\n'))
    expect(await outcome(fromFile(path('plain.gz'), { gzip: false, start: 0 }))).toEqual({ values: ['a'] })
    expect(await outcome(fromFile(path('packed'), { gzip: true }))).toEqual({ values: ['b'] })
  })

  it.each([
    ['is not compressed', Buffer.from('plain text\n'), 'Z_DATA_ERROR', /gzip: false/, 0],
    ['is cut short', gzipSync(lines.join('\n')).subarray(0, -9), 'Z_BUF_ERROR', /cut short/, 19_000],
    ['is damaged', damaged(), 'Z_DATA_ERROR', /damaged/, 1000],
    ['is empty', Buffer.alloc(0), 'Z_BUF_ERROR', /cut short/, 0],
  ])('E25: a file that %s is ERR_FILE after what could be read', async (_, content, code, message, least) => {
    writeFileSync(path(), content)
    const { values, error } = await outcome(fromFile(path()))
    expect(values.slice(0, least)).toEqual(lines.slice(0, least))
    expect(error).toBeInstanceOf(QueueLinkError)
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code }, message: expect.stringMatching(message) })
    expect((error as Error).message).toContain(path())
  })

  it('Q16: a missing file and a directory are ERR_FILE', async () => {
    expect((await outcome(fromFile('/no/such.gz'))).error).toMatchObject({ code: 'ERR_FILE' })
    expect((await outcome(fromFile('/tmp', { gzip: true }))).error).toMatchObject({
      code: 'ERR_FILE',
      cause: { code: 'EISDIR' },
    })
  })

  it('E3: decompresses no further than a full queue lets it', async () => {
    writeFileSync(path(), gzipSync('x'.repeat(99).concat('\n').repeat(500_000)))
    let feed: Feed<string> | undefined
    let seen = 0
    const before = process.memoryUsage().rss
    const subscription = fromFile(path())
      .deliveries({ prefetch: 50, onOpen: opened => (feed = opened) })
      .subscribe(() => seen++)
    await until(() => seen === 50)
    await sleep(50)
    expect(seen).toBe(50)
    expect(feed?.mailbox.store.ready).toBeLessThanOrEqual(4096)
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024)
    subscription.unsubscribe()
  })

  it('E17: has no place to go on at', async () => {
    writeFileSync(path(), gzipSync('a\n'))
    let feed: Feed<string> | undefined
    const open = { onOpen: (opened: Feed<string>) => void (feed = opened) }
    const { values } = await outcome(fromFile(path()).deliveries(open).pipe(take(1)))
    expect(values).toHaveLength(1)
    expect(feed?.resumable).toBe(false)
  })

  it.each([{ start: 1 }, { follow: true }])('Q16.4: refuses %j', o => {
    expect(() => fromFile(path(), o)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => fromFile(path('x'), { ...o, gzip: true })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('reads a compressed FIFO', async () => {
    execFileSync('mkfifo', [path()])
    const read = outcome(fromFile(path()))
    const writer = spawn('sh', ['-c', 'printf "a\\nb" | gzip > "$0"', path()])
    expect(await read).toEqual({ values: ['a', 'b'] })
    await until(() => writer.exitCode === 0)
  })
})

describe('toFile with gzip', () => {
  it.each(['lines', 'json', 'frames'] as const)('E26: compresses by the name: %s come back', async as => {
    await write(lines, { as })
    expect(await outcome(fromFile(path(), { as }) as never)).toEqual({ values: lines })
    expect(statSync(path()).size).toBeLessThan(200_000)
  })

  it('E26: bytes that cannot be compressed come back, in writes of any size', async () => {
    const chunks = [1, 70_000, 3, 2_000_000, 64 * 1024].map(size => randomBytes(size))
    await write(chunks, { as: 'bytes' })
    expect(gunzipSync(readFileSync(path())).equals(Buffer.concat(chunks))).toBe(true)
  })

  it('E26: what is settled can be read, whatever becomes of the process', async () => {
    const script = `import { toFile, fifoQueue } from 'queuelink'
      const queue = fifoQueue(); queue.subscribe(toFile(process.argv[1]))
      for (let i = 0; ; i++) {
        await queue.put('line ' + i)
        while (queue.metrics().acked <= i) await new Promise(setImmediate)
        if (i % 100 === 99) console.log(i)
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, path()], { cwd })
    let told = 0
    fromReadable(child.stdout).subscribe(line => {
      told = Number(line)
      if (told > 1000) child.kill('SIGKILL')
    })
    await until(() => child.signalCode === 'SIGKILL')
    await sleep(20)
    const { values, error } = await outcome(fromFile(path()))
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code: 'Z_BUF_ERROR' } })
    expect(values.length).toBeGreaterThan(told)
    expect(values).toEqual(Array.from({ length: values.length }, (_, i) => `line ${i}`))
  })

  it('Q5.4: an item is settled without waiting for another', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path())
    const subscription = queue.subscribe(sink)
    await queue.put('a')
    await until(() => queue.metrics().acked === 1)
    subscription.unsubscribe()
    await sink.done
    expect(gunzipSync(readFileSync(path())).toString()).toBe('a\n')
  })

  it('E26: `append` adds a member', async () => {
    await write(['a'])
    await write(['b'], { append: true })
    await write([], { append: true })
    expect(gunzipSync(readFileSync(path())).toString()).toBe('a\nb\n')
    expect(await outcome(fromFile(path()))).toEqual({ values: ['a', 'b'] })
  })

  it('E26: the file is whole after an unsubscribe, and after a source that failed', async () => {
    const left = toFile(path())
    concat(of('a'), NEVER).subscribe(left).unsubscribe()
    await left.done
    expect(gunzipSync(readFileSync(path())).toString()).toBe('a\n')
    const failed = toFile(path())
    concat(
      of('b'),
      throwError(() => new Error('source')),
    ).subscribe(failed)
    await expect(failed.done).rejects.toThrow('source')
    expect(gunzipSync(readFileSync(path())).toString()).toBe('b\n')
  })

  it('E19: is replaced as a whole with atomic, or not at all', async () => {
    await write(['old'])
    const sink = toFile(path(), { atomic: true, sync: true })
    concat(of('new'), NEVER).subscribe(sink).unsubscribe()
    await sink.done
    expect(await outcome(fromFile(path()))).toEqual({ values: ['old'] })
    await write(['new'], { atomic: true })
    expect(await outcome(fromFile(path()))).toEqual({ values: ['new'] })
  })

  it('Q8.4: a full disk gives the items back', async () => {
    const queue = fifoQueue<string>()
    await queue.put('a')
    const sink = toFile('/dev/full', { gzip: true })
    queue.subscribe(sink)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_FILE', cause: { code: 'ENOSPC' } })
    await until(() => queue.size === 1)
  })

  it.each([{ cut: true }, { cut: 0 }])('Q16.4: refuses %j', o => {
    expect(() => toFile(path(), o)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    toFile(path('plain.gz'), { ...o, gzip: false }).unsubscribe()
  })

  it('leaves no descriptor open, read or written, whole or torn', async () => {
    await leavesNothingOpen(async () => {
      await write(lines)
      await outcome(fromFile(path()))
      await outcome(fromFile(path()).pipe(take(1)))
      fromFile(path()).subscribe().unsubscribe()
      await outcome(fromFile(path(), { signal: AbortSignal.timeout(1) }).deliveries({ prefetch: 1 }))
      truncateSync(path(), 1000)
      await outcome(fromFile(path()))
      await toFile('/no/such.gz').done.catch(() => {})
    })
  })
})

function damaged(): Buffer {
  const bytes = gzipSync(lines.join('\n'))
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 20)
  return bytes
}
