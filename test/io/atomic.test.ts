import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fifoQueue, fromFile, fromReadable, toFile } from 'queuelink'
import { concat, from, NEVER, of, Subject, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()
const path = (): string => join(dir(), 'out')
const content = (): string => readFileSync(path(), 'utf8')
const names = (): string[] => readdirSync(dir()).sort()

describe('toFile with atomic', () => {
  it('E7: the path keeps its old content until the source completes', async () => {
    writeFileSync(path(), 'old\n')
    const input = new Subject<string>()
    const sink = toFile(path(), { atomic: true })
    input.subscribe(sink)
    input.next('new')
    await until(() => names().length === 2)
    const [beside] = names().filter(name => name !== 'out')
    await until(() => readFileSync(join(dir(), `${beside}`), 'utf8') === 'new\n')
    expect(content()).toBe('old\n')
    input.complete()
    await sink.done
    expect([content(), names()]).toEqual(['new\n', ['out']])
  })

  it('E8: an item is settled when it is written, before the rename', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path(), { atomic: true })
    const subscription = queue.subscribe(sink)
    await queue.put('a')
    await until(() => queue.metrics().acked === 1)
    expect(names()).not.toContain('out')
    subscription.unsubscribe()
    await sink.done
    expect(names()).toEqual([])
  })

  it.each([
    [
      'the source fails',
      () =>
        concat(
          of('new'),
          throwError(() => new Error('source')),
        ),
      'source',
    ],
    ['an item cannot be encoded', () => of('new', 'a\nb'), 'line feed'],
  ])('E19: where %s, the old content stays and nothing is left beside it', async (_, source, message) => {
    writeFileSync(path(), 'old\n')
    const sink = toFile(path(), { atomic: true })
    source().subscribe(sink)
    await expect(sink.done).rejects.toThrow(message)
    expect([content(), names()]).toEqual(['old\n', ['out']])
  })

  it('E19: an unsubscribe before the end leaves the old content, and `done` resolves', async () => {
    writeFileSync(path(), 'old\n')
    const sink = toFile(path(), { atomic: true })
    concat(of('new'), NEVER).subscribe(sink).unsubscribe()
    await sink.done
    expect([content(), names()]).toEqual(['old\n', ['out']])
  })

  it('E7: the new file has the permissions of a new file, and a link stays a link', async () => {
    mkdirSync(join(dir(), 'd'))
    writeFileSync(join(dir(), 'd', 'real'), 'old\n')
    chmodSync(join(dir(), 'd', 'real'), 0o600)
    symlinkSync(join('d', 'real'), path())
    const sink = toFile(path(), { atomic: true })
    of('new').subscribe(sink)
    await sink.done
    expect(readFileSync(join(dir(), 'd', 'real'), 'utf8')).toBe('new\n')
    expect(statSync(join(dir(), 'd', 'real')).mode & 0o777).toBe(0o666 & ~process.umask())
    expect([names(), readdirSync(join(dir(), 'd'))]).toEqual([['d', 'out'], ['real']])
  })

  it.each([
    ['its directory is missing', () => join(dir(), 'no', 'file'), /directory exists/],
    ['it is a directory', () => dir(), /is a directory/],
    ['it is a device', () => '/dev/full', /only a regular file can be replaced/],
    ['it leads through a file', () => '/etc/passwd/x', /check the path/],
  ])('Q8.4: where %s, items go back and all ends with ERR_FILE', async (_, where, message) => {
    const queue = fifoQueue<string>()
    await queue.put('a')
    const sink = toFile(where(), { atomic: true })
    queue.subscribe(sink)
    await expect(sink.done).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringMatching(message) })
    await until(() => queue.size === 1)
  })

  it('takes names that leave no room for a longer one beside them', async () => {
    const long = join(dir(), 'é'.repeat(127))
    const sink = toFile(long, { atomic: true })
    of('a').subscribe(sink)
    await sink.done
    expect(readFileSync(long, 'utf8')).toBe('a\n')
  })

  it('two writers at once: one of them wins as a whole', async () => {
    const lines = (n: number): string[] => Array.from({ length: 900 }, (_, i) => `${n} ${i}`)
    const sinks = [1, 2].map(n => {
      const sink = toFile(path(), { atomic: true })
      from(lines(n)).subscribe(sink)
      return sink.done
    })
    await Promise.all(sinks)
    expect([1, 2].map(n => `${lines(n).join('\n')}\n`)).toContain(content())
  })

  it('a process that is killed leaves the old content', async () => {
    writeFileSync(path(), 'old\n')
    const script = `import { toFile } from 'queuelink'; import { interval, map } from 'rxjs'
      interval(1).pipe(map(String)).subscribe(toFile(process.argv[1], { atomic: true }))
      setTimeout(() => console.log('ready'), 100)`
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, path()], { cwd })
    fromReadable(child.stdout).subscribe(() => child.kill('SIGKILL'))
    await until(() => child.signalCode === 'SIGKILL')
    expect(content()).toBe('old\n')
  })

  it.each([
    { atomic: true, append: true },
    { atomic: true, cut: true },
    { atomic: true, cut: 0 },
  ])('Q16.4: refuses the options %j', o => {
    expect(() => toFile(path(), o)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  it('leaves no descriptor open, however it ends', async () => {
    await leavesNothingOpen(async () => {
      const atomic = { atomic: true, sync: true }
      const sinks = [
        toFile(path(), atomic),
        toFile(path(), atomic),
        toFile(dir(), atomic),
        toFile(path(), atomic),
      ] as const
      of('a').subscribe(sinks[0])
      NEVER.subscribe(sinks[1]).unsubscribe()
      of('a').subscribe(sinks[2])
      throwError(() => new Error('x')).subscribe(sinks[3])
      await Promise.allSettled(sinks.map(sink => sink.done))
      expect(names()).toEqual(['out'])
    })
  })
})

describe('toFile with sync', () => {
  const strace = (): boolean => {
    try {
      execFileSync('strace', ['-V'])
      return true
    } catch {
      return false
    }
  }

  it('E18: writes, keeps and cuts as without it, to files and to what cannot be synced', async () => {
    writeFileSync(path(), 'a\nhal')
    const sink = toFile(path(), { sync: true, cut: true })
    from(Array.from({ length: 1000 }, (_, i) => `${i}`)).subscribe(sink)
    await sink.done
    expect((await outcome(fromFile(path()))).values).toHaveLength(1001)
    const device = toFile('/dev/null', { sync: true })
    of('a').subscribe(device)
    await device.done
  })

  it('E18: an item is settled', async () => {
    const queue = fifoQueue<string>()
    const sink = toFile(path(), { sync: true, atomic: true })
    queue.subscribe(sink)
    await queue.putBatch(['a', 'b'])
    await until(() => queue.metrics().acked === 2)
    sink.complete()
    await sink.done
    expect(content()).toBe('a\nb\n')
  })

  const calls = (o: object): string[] => {
    const script = `import { toFile } from 'queuelink'; import { from } from 'rxjs'
      const sink = toFile(process.argv[1], ${JSON.stringify(o)}); from(Array(900).fill('x')).subscribe(sink); await sink.done`
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const trace = join(dir(), 'trace')
    const args = ['-f', '-e', 'trace=fsync,fdatasync,rename,renameat,renameat2', '-o', trace, process.execPath]
    execFileSync('strace', [...args, '--input-type=module', '-e', script, path()], { cwd })
    return readFileSync(trace, 'utf8').match(/\b(fsync|fdatasync|rename)(?=(at2?)?\()/g) ?? []
  }

  it.runIf(strace())('E18: one fdatasync a chunk, and the directory once', () => {
    expect(calls({ sync: true })).toEqual(['fsync', 'fdatasync'])
  })

  it.runIf(strace())('E19: the file is on disk before it gets its name, and its name before `done`', () => {
    expect(calls({ atomic: true })).toEqual(['fsync', 'rename', 'fsync'])
  })
})
