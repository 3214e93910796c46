import { execFile, execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromFile, toFile } from 'queuelink'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()
const fixture = fileURLToPath(new URL('../fixtures/io-wait-for-fifos.js', import.meta.url))
const run = promisify(execFile)

function fifos(count: number): string[] {
  mkdirSync(join(dir(), 'f'))
  const paths = Array.from({ length: count }, (_, i) => join(dir(), 'f', `${i}`))
  execFileSync('mkfifo', paths)
  return paths
}

describe('FIFOs', () => {
  it('pitfall 33: 20 that nobody writes to and 20 that nobody reads hold up no file', async () => {
    const paths = fifos(40)
    const sources = paths.slice(0, 20).map(path => fromFile(path).subscribe())
    const sinks = paths.slice(20).map(path => toFile(path))
    for (const sink of sinks) of('a').subscribe(sink)
    await sleep(20)
    writeFileSync(join(dir(), 'plain'), 'still')
    const read = await Promise.all(Array.from({ length: 8 }, () => readFile(join(dir(), 'plain'), 'utf8')))
    expect(read).toEqual(new Array(8).fill('still'))
    for (const source of sources) source.unsubscribe()
    const written = await Promise.all(paths.slice(20).map(path => outcome(fromFile(path))))
    expect(written).toEqual(new Array(20).fill({ values: ['a'] }))
    await Promise.all(sinks.map(sink => sink.done))
  })

  it('E27: a FIFO that nobody has written to does not keep the process alive', async () => {
    const { stdout } = await run(process.execPath, [fixture, ...fifos(20)])
    expect(stdout).toBe('8 files read\n')
  })

  it('E27: one with a writer does, also with one that was there before and is silent at first', async () => {
    const [path = ''] = fifos(1)
    const writer = spawn('sh', ['-c', '(sleep 0.7; echo late) > "$0"', path])
    // It waits in its open until somebody reads.
    await sleep(50)
    const { stdout } = await run(process.execPath, [fixture, path])
    expect(stdout.split('\n').sort()).toEqual(['', '8 files read', 'late'])
    await until(() => writer.exitCode === 0)
  })

  it('E27: a writer that comes while the process lives keeps it alive before it writes', async () => {
    const [path = ''] = fifos(1)
    const reading = run(process.execPath, [fixture, path, '600'])
    const writer = spawn('sh', ['-c', '(sleep 1.2; echo late) > "$0"', path])
    expect((await reading).stdout).toContain('late\n')
    await until(() => writer.exitCode === 0)
  })

  it('loses nothing of what a writer sends at once, and ends when the last writer has gone', async () => {
    const [path = ''] = fifos(1)
    const read = outcome(fromFile(path))
    const text = Array.from({ length: 50_000 }, (_, i) => `line ${i}`)
    const writer = spawn('sh', ['-c', 'seq -f "line %g" 0 49999 > "$0"', path])
    expect(await read).toEqual({ values: text })
    await until(() => writer.exitCode === 0)
  })

  it('reads what waits in a FIFO that others have open already', async () => {
    const [path = ''] = fifos(1)
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    writeSync(fd, 'one\ntwo\n')
    const seen: string[] = []
    const subscription = fromFile(path).subscribe(line => void seen.push(line))
    await until(() => seen.length === 2)
    writeSync(fd, 'three\n')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['one', 'two', 'three'])
    subscription.unsubscribe()
    closeSync(fd)
  })

  it('appends and compresses into a FIFO as into a file', async () => {
    const [path = ''] = fifos(1)
    const read = run('sh', ['-c', 'gunzip < "$0"', path])
    const sink = toFile(path, { append: true, gzip: true })
    of('a', 'b').subscribe(sink)
    await sink.done
    expect((await read).stdout).toBe('a\nb\n')
  })

  it('leaves no descriptor open: waiting, written to, ended', async () => {
    const [silent = '', spoken = ''] = fifos(2)
    await leavesNothingOpen(async () => {
      const waiting = fromFile(silent).subscribe()
      const read = outcome(fromFile(spoken))
      const sink = toFile(spoken)
      of('a').subscribe(sink)
      await sink.done
      expect(await read).toEqual({ values: ['a'] })
      waiting.unsubscribe()
      const alone = toFile(silent)
      alone.unsubscribe()
      await outcome(fromFile(silent))
      await alone.done
    })
    expect(readFileSync('/proc/self/status', 'utf8')).toContain('Threads')
  })
})
