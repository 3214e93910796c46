import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { CodecError, type Delivery, fifoQueue, fromFile, QueueLinkError } from 'queuelink'
import { firstValueFrom, map, take, tap, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Feed } from '#src/core/feed'
import { leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()

function file(content: string | Uint8Array): string {
  const path = join(dir(), 'in')
  writeFileSync(path, content)
  return path
}

const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('')

describe('fromFile', () => {
  it('E1: reads lines by default, bytes and JSON on demand', async () => {
    const path = file('{"a":1}\n[2]')
    expect(await outcome(fromFile(path))).toEqual({ values: ['{"a":1}', '[2]'] })
    expect(await outcome(fromFile(pathToFileURL(path), { as: 'json' }))).toEqual({ values: [{ a: 1 }, [2]] })
    const { values } = await outcome(fromFile(path, { as: 'bytes' }))
    expect(Buffer.concat(values).toString()).toBe('{"a":1}\n[2]')
  })

  it('an empty file has no line', async () => {
    expect(await outcome(fromFile(file('')))).toEqual({ values: [] })
  })

  it('E2: reads characters whole that lie across the borders of its reads', async () => {
    const line = '€'.repeat(100_001)
    expect(await outcome(fromFile(file(`x${line}\n${line}`)))).toEqual({ values: [`x${line}`, line] })
  })

  it('reads a line of 50 MB', async () => {
    const { values } = await outcome(fromFile(file(`${'é'.repeat(25_000_000)}\nend`)))
    expect(values.map(v => v.length)).toEqual([25_000_000, 3])
  })

  it('opens the file anew for each subscription', async () => {
    const path = file('a\n')
    const source = fromFile(path)
    expect(await outcome(source)).toEqual({ values: ['a'] })
    file('b\n')
    expect(await outcome(source)).toEqual({ values: ['b'] })
  })

  it('begins at `start`', async () => {
    const path = file('one\ntwo\nthree\n')
    expect(await outcome(fromFile(path, { start: 4 }))).toEqual({ values: ['two', 'three'] })
    expect(await outcome(fromFile(path, { start: 1000 }))).toEqual({ values: [] })
  })

  it('resumes at `start` plus the settled bytes', async () => {
    const path = file('ä\nbb\r\nccc\n\ne')
    const out: Delivery<string>[] = []
    let feed: Feed<string> | undefined
    const subscription = fromFile(path, { start: 3 })
      .deliveries({ onOpen: opened => (feed = opened) })
      .subscribe(delivery => void out.push(delivery))
    await until(() => out.length === 4)
    await out[0]?.ack()
    await out[2]?.ack()
    expect(feed?.settledBytes).toBe(4)
    await out[1]?.ack()
    expect(feed?.settledBytes).toBe(9)
    subscription.unsubscribe()
    expect(await outcome(fromFile(path, { start: 3 + 9 }))).toEqual({ values: ['e'] })
  })

  it.each([
    ['a missing file', '/no/such/file', 'ENOENT', /check the path/],
    ['a directory', '/tmp', 'EISDIR', /is a directory/],
    ['a path through a file', '/etc/passwd/x', 'ENOTDIR', /check the path/],
  ])('Q16: %s is an ERR_FILE that says what to do', async (_, path, code, mend) => {
    const { values, error } = await outcome(fromFile(path))
    expect(values).toEqual([])
    expect(error).toBeInstanceOf(QueueLinkError)
    expect(error).toMatchObject({ code: 'ERR_FILE', cause: { code }, message: expect.stringMatching(mend) })
    expect((error as Error).message).toContain(path)
  })

  it('emits the values before a line that is not JSON, then a CodecError', async () => {
    const { values, error } = await outcome(fromFile(file('1\n2\n}\n4\n'), { as: 'json' }))
    expect(values).toEqual([1, 2])
    expect(error).toBeInstanceOf(CodecError)
  })

  it.each([{ as: 'frame' }, { start: -1 }, { start: 1.5 }])('Q16.4: refuses the options %j', o => {
    expect(() => fromFile('x', o as object)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => fromFile('')).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('E3: reads no further than a full queue lets it', async () => {
    const path = file(numbers(200_000))
    const queue = fifoQueue<string>({ capacity: 10 })
    let feed: Feed<string> | undefined
    let seen = 0
    fromFile(path)
      .deliveries({ prefetch: 50, onOpen: opened => (feed = opened) })
      .subscribe(() => seen++)
    const subscription = fromFile(path).subscribe(queue)
    await until(() => seen === 50 && queue.size === 10)
    await sleep(50)
    expect(seen).toBe(50)
    expect(feed?.mailbox.store.ready).toBeLessThanOrEqual(4096)
    expect(queue.size).toBe(10)
    for (let i = 0; i < 200_000; i++) expect(await queue.get({ timeout: 1000 })).toBe(`line ${i}`)
    await until(() => subscription.closed)
  })

  it('Q3: an item that no sink stored goes back, and the subscription ends with the sink’s error', async () => {
    const queue = fifoQueue<string>()
    await queue.shutdown()
    const path = file(numbers(3))
    const source = fromFile(path).pipe(
      map(line => {
        queue.next(line)
        return line
      }),
    )
    expect((await outcome(source)).error).toMatchObject({ code: 'ERR_QUEUE_CLOSED' })
  })

  it('take(n) takes exactly n and closes the file', async () => {
    const path = file(numbers(100_000))
    expect(await firstValueFrom(fromFile(path).pipe(take(2), toArray()))).toEqual(['line 0', 'line 1'])
  })

  it('ends with the signal’s reason at once, and does not open the file if it is aborted already', async () => {
    const path = file(numbers(100_000))
    const stop = new AbortController()
    const reason = new Error('enough')
    let seen = 0
    const deliveries = fromFile(path, { signal: stop.signal }).deliveries({ prefetch: 1 })
    const ended = outcome(deliveries.pipe(tap(() => seen++)))
    await until(() => seen === 1)
    stop.abort(reason)
    const { values, error } = await ended
    expect(values).toHaveLength(1)
    expect(error).toBe(reason)
    await expect(values[0]?.ack()).resolves.toBeUndefined()
    expect(await outcome(fromFile('/no/such', { signal: stop.signal }))).toEqual({ values: [], error: reason })
  })

  it('lets the event loop run while it reads', async () => {
    let turns = 0
    let reading = true
    const tick = (): void => {
      turns++
      if (reading) setImmediate(tick)
    }
    const done = outcome(fromFile(file('\n'.repeat(200_000))))
    tick()
    expect((await done).values).toHaveLength(200_000)
    reading = false
    expect(turns).toBeGreaterThan(150)
  })

  it('leaves no descriptor open: read to the end, unsubscribed, aborted, failed', async () => {
    const path = file(numbers(50_000))
    const bad = join(dir(), 'bad')
    writeFileSync(bad, '}\n')
    await leavesNothingOpen(async () => {
      await outcome(fromFile(path))
      await outcome(fromFile(path).pipe(take(1)))
      await outcome(fromFile(bad, { as: 'json' }))
      await outcome(fromFile('/no/such'))
      await outcome(fromFile('/tmp'))
      fromFile(path).subscribe().unsubscribe()
      const half = fromFile(path).deliveries().subscribe()
      await sleep(5)
      half.unsubscribe()
      const signal = AbortSignal.timeout(1)
      await outcome(fromFile(path, { signal }).deliveries())
    })
  })

  it('reads FIFOs without holding threads: eight that nobody writes to stop nothing', async () => {
    mkdirSync(join(dir(), 'f'))
    const paths = Array.from({ length: 8 }, (_, i) => join(dir(), 'f', `${i}`))
    execFileSync('mkfifo', paths)
    const idle = paths.slice(1).map(path => fromFile(path).subscribe())
    const read = outcome(fromFile(paths[0] as string))
    const plain = await outcome(fromFile(file('still\n')))
    expect(plain.values).toEqual(['still'])
    const writer = spawn('sh', ['-c', 'printf "a\\nb" > "$0"', paths[0] as string])
    expect(await read).toEqual({ values: ['a', 'b'] })
    for (const subscription of idle) subscription.unsubscribe()
    await until(() => writer.exitCode === 0)
  })
})
