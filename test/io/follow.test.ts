import { execFile, fork } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { CodecError, type Delivery, type Format, fifoQueue, fromFile } from 'queuelink'
import type { Subscription } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Feed } from '#src/core/feed'
import { encodeFrame } from '#src/io/frames'
import { leavesNothingOpen, until, workDir } from './help.js'

const dir = workDir()
const path = (name = 'log'): string => join(dir(), name)
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

const followers: Subscription[] = []
afterEach(() => {
  for (const subscription of followers.splice(0)) subscription.unsubscribe()
})

interface Followed {
  values: unknown[]
  error?: unknown
  /** Waits until these have come, in this order, and nothing else. */
  shows(...values: unknown[]): Promise<void>
}

function follow(o: { as?: Format; start?: number; signal?: AbortSignal } = {}, file = path()): Followed {
  const followed: Followed = {
    values: [],
    async shows(...values) {
      await until(() => followed.values.length >= values.length, `${values.length} items of ${file}`)
      expect(followed.values).toEqual(values)
    },
  }
  followers.push(
    fromFile(file, { ...o, follow: true }).subscribe({
      next: value => void followed.values.push(value),
      error: error => {
        followed.error = error
      },
    }),
  )
  return followed
}

describe('fromFile with follow', () => {
  it('E5: emits what there is, then what is appended, a line when it has ended', async () => {
    writeFileSync(path(), 'a\nb\nhal')
    const { shows } = follow()
    await shows('a', 'b')
    appendFileSync(path(), 'f\né')
    await shows('a', 'b', 'half')
    appendFileSync(path(), '\n\n')
    await shows('a', 'b', 'half', 'é', '')
  })

  it('E5: JSON and frames wait for their end as well, and bytes come as they are', async () => {
    const frame = Buffer.from(encodeFrame({ a: 1n }))
    writeFileSync(path('json'), '{"a":1}\n{"b"')
    writeFileSync(path('frames'), Buffer.concat([frame, frame.subarray(0, 3)]))
    writeFileSync(path('bytes'), 'ab')
    const [json, frames, bytes] = (['json', 'frames', 'bytes'] as const).map(as => follow({ as }, path(as)))
    await json?.shows({ a: 1 })
    appendFileSync(path('json'), ':2}\n')
    await json?.shows({ a: 1 }, { b: 2 })
    await frames?.shows({ a: 1n })
    appendFileSync(path('frames'), frame.subarray(3))
    await frames?.shows({ a: 1n }, { a: 1n })
    await bytes?.shows(Buffer.from('ab'))
    appendFileSync(path('bytes'), 'c')
    await bytes?.shows(Buffer.from('ab'), Buffer.from('c'))
  })

  it('E5: begins at `start`, in the file that is there', async () => {
    writeFileSync(path(), 'one\ntwo\n')
    const { shows } = follow({ start: 4 })
    await shows('two')
    renameSync(path(), path('old'))
    writeFileSync(path(), 'three\n')
    await shows('two', 'three')
    const shorter = follow({ start: 1000 })
    await shorter.shows('three')
  })

  it('E14: waits for a file that is not there, nor its directory', async () => {
    const late = follow({ start: 7 }, join(dir(), 'd', 'late'))
    await sleep(50)
    mkdirSync(path('d'))
    writeFileSync(join(dir(), 'd', 'late'), 'here\n')
    await late.shows('here')
  })

  it('E14: goes on with the new file after a rename, and reads the old one to its end', async () => {
    writeFileSync(path(), 'a\n')
    const { shows } = follow()
    await shows('a')
    const old = openSync(path(), 'a')
    renameSync(path(), path('log.1'))
    writeSync(old, 'b\n')
    await shows('a', 'b')
    writeFileSync(path(), 'd\n')
    await sleep(20)
    writeSync(old, 'c\nunfinished')
    closeSync(old)
    await shows('a', 'b', 'c', 'unfinished', 'd')
  })

  it('E14: goes on after a deletion, with what is still written and with the next file', async () => {
    writeFileSync(path(), 'a\n')
    const { shows } = follow()
    await shows('a')
    const old = openSync(path(), 'a')
    unlinkSync(path())
    await sleep(250)
    writeSync(old, 'b\n')
    await shows('a', 'b')
    closeSync(old)
    writeFileSync(path(), 'c\n')
    await shows('a', 'b', 'c')
  })

  it('E14: follows a symbolic link to where it leads', async () => {
    writeFileSync(path('one'), '1\n')
    writeFileSync(path('two'), '2\n')
    symlinkSync(path('one'), path())
    const { shows } = follow()
    await shows('1')
    symlinkSync(path('two'), path('link'))
    renameSync(path('link'), path())
    await shows('1', '2')
  })

  it('E15: reads a file that was cut from its beginning, without half a line of before', async () => {
    writeFileSync(path(), 'a\nhalf')
    const { shows } = follow()
    await shows('a')
    await sleep(250)
    truncateSync(path(), 0)
    await sleep(250)
    appendFileSync(path(), 'b\n')
    await shows('a', 'b')
  })

  it('E15: knows a file that was cut and has grown past its position since', async () => {
    writeFileSync(path(), 'old line\n')
    const { shows } = follow()
    await shows('old line')
    truncateSync(path(), 0)
    appendFileSync(path(), 'new line one\nnew line two\n')
    await shows('old line', 'new line one', 'new line two')
  })

  it('a rotation within a line that is not JSON is a CodecError', async () => {
    writeFileSync(path(), '1\n{"hal')
    const followed = follow({ as: 'json' })
    await followed.shows(1)
    renameSync(path(), path('log.1'))
    writeFileSync(path(), '2\n')
    await until(() => followed.error !== undefined)
    expect(followed.error).toBeInstanceOf(CodecError)
    expect(followed.values).toEqual([1])
  })

  it('any mixture of appending, renaming, deleting and cutting gives every line once', async () => {
    const step = fc.constantFrom('line', 'line', 'part', 'many', 'rename', 'delete', 'cut', 'copy and cut', 'wait')
    const scripts = fc.sample(fc.array(step, { minLength: 6, maxLength: 8 }), 16)
    const run = async (script: string[], id: number): Promise<void> => {
      const file = path(`mix${id}`)
      const lines: string[] = []
      let count = 0
      let part = ''
      const add = (text: string): void => appendFileSync(file, text)
      const caughtUp = (): Promise<void> => until(() => seen.values.length >= lines.length, `${script} at ${count}`)
      writeFileSync(file, '')
      const seen = follow({}, file)
      for (const what of script) {
        const name = `${file} line ${count++}`
        if (what === 'line' || what === 'many') {
          const more = what === 'line' ? [name] : Array.from({ length: 5000 }, (_, i) => `${name}.${i}`)
          add(`${more.join('\n')}\n`)
          lines.push(part + more[0], ...more.slice(1))
          part = ''
        } else if (what === 'part') {
          add(`${name} `)
          part += `${name} `
        } else if (what === 'rename' || what === 'delete') {
          await caughtUp()
          // Of two names in one look the first goes unnoticed; that matters where something is in it.
          if (part !== '') await sleep(300)
          if (what === 'rename') renameSync(file, `${file}.${count}`)
          else rmSync(file)
          writeFileSync(file, '')
          if (part !== '') lines.push(part)
          part = ''
        } else if (what === 'wait') await sleep(20)
        else {
          await caughtUp()
          if (what === 'copy and cut') copyFileSync(file, `${file}.${count}`)
          truncateSync(file, 0)
          part = ''
        }
      }
      add('end\n')
      lines.push(`${part}end`)
      await caughtUp()
      expect(seen.values, `${script}`).toEqual(lines)
    }
    await Promise.all(scripts.map(run))
  })

  it.each(['rename', 'cut'])(
    'E14, E15: misses and doubles none of 100 MB at 50 MB/s with %s every 25 MB',
    async how => {
      writeFileSync(path(), '')
      let seen = 0
      let wrong = ''
      followers.push(
        fromFile(path(), { follow: true }).subscribe(line => {
          if (!line.startsWith(`${seen} x`)) wrong ||= `${line.slice(0, 40)} came instead of ${seen}`
          seen++
        }),
      )
      const writer = fork(fixture('io-append-log.js'), [path(), how, '100'])
      let told = 0
      writer.on('message', async number => {
        told = Number(number)
        await until(() => seen >= told || wrong !== '', `line ${told}`)
        if (writer.connected) writer.send('go', () => {})
      })
      await new Promise(resolve => writer.once('exit', resolve))
      await until(() => seen >= told || wrong !== '')
      expect(wrong).toBe('')
      expect(seen).toBe(told)
      expect(told).toBeGreaterThan(1_000_000)
    },
  )

  it('a slow reader misses no rotation: newer files are opened while it reads the old', async () => {
    const text = (n: number): string => Array.from({ length: 5000 }, (_, i) => `${n} ${i}\n`).join('')
    writeFileSync(path(), text(0))
    const queue = fifoQueue<string>({ capacity: 10 })
    followers.push(fromFile(path(), { follow: true }).subscribe(queue))
    for (let n = 1; n < 4; n++) {
      await sleep(250)
      rmSync(path())
      writeFileSync(path(), text(n))
    }
    await sleep(250)
    for (let n = 0; n < 4; n++) {
      for (let i = 0; i < 5000; i++) expect(await queue.get({ timeout: 5000 })).toBe(`${n} ${i}`)
    }
  })

  it('E16: ends with the signal’s reason, and what is out can still be settled', async () => {
    writeFileSync(path(), 'a\n')
    const stop = new AbortController()
    const reason = new Error('enough')
    const out: Delivery<string>[] = []
    const ended = new Promise(resolve => {
      fromFile(path(), { follow: true, signal: stop.signal })
        .deliveries()
        .subscribe({ next: delivery => void out.push(delivery), error: resolve })
    })
    await until(() => out.length === 1)
    stop.abort(reason)
    expect(await ended).toBe(reason)
    await expect(out[0]?.ack()).resolves.toBeUndefined()
  })

  it('E17: settled bytes are a place to go on at within one file only', async () => {
    writeFileSync(path(), 'ä\nbb\n')
    let feed: Feed<string> | undefined
    const open = { onOpen: (opened: Feed<string>) => void (feed = opened) }
    followers.push(
      fromFile(path(), { follow: true })
        .deliveries(open)
        .subscribe(delivery => void delivery.ack()),
    )
    await until(() => feed?.settledBytes === 6)
    expect(feed?.resumable).toBe(true)
    renameSync(path(), path('log.1'))
    writeFileSync(path(), 'c\n')
    await until(() => feed?.settledBytes === 8)
    expect(feed?.resumable).toBe(false)
  })

  it.each([
    ['a directory', () => dir(), /only a regular file/],
    ['a path through a file', () => '/etc/passwd/x', /check the path/],
  ])('Q16: %s is an ERR_FILE', async (_, where, message) => {
    const followed = follow({}, where())
    await until(() => followed.error !== undefined)
    expect(followed.error).toMatchObject({ code: 'ERR_FILE', message: expect.stringMatching(message) })
  })

  it('leaves no descriptor open: unsubscribed early and late, aborted, rotated, failed', async () => {
    await leavesNothingOpen(async () => {
      writeFileSync(path(), 'a\n')
      const stop = new AbortController()
      const [rotated, aborted] = [follow(), follow({ signal: stop.signal })]
      const failed = follow({}, dir())
      const early = fromFile(path(), { follow: true }).subscribe()
      early.unsubscribe()
      await rotated.shows('a')
      renameSync(path(), path('log.1'))
      writeFileSync(path(), 'b\n')
      await rotated.shows('a', 'b')
      stop.abort()
      await until(() => aborted.error !== undefined && failed.error !== undefined)
      for (const subscription of followers.splice(0)) subscription.unsubscribe()
    })
  })

  it('E16: keeps the process alive while subscribed, no longer, and idle costs next to nothing', async () => {
    writeFileSync(path(), 'a\n')
    const { stdout } = await promisify(execFile)(process.execPath, [fixture('io-follow-idle.js'), path()])
    const [line, cpu] = stdout.trim().split(' ')
    expect(line).toBe('a')
    expect(Number(cpu)).toBeLessThan(5)
  })
})
