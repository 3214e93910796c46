import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ExitError, fifoQueue, fromProcess, QueueLinkError } from 'queuelink'
import { firstValueFrom, lastValueFrom, map, of, Subject, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { exists, leavesNothingOpen, outcome, until, workDir } from './help.js'

const dir = workDir()
const sh = (script: string, o?: Parameters<typeof fromProcess>[2]): ReturnType<typeof fromProcess> =>
  fromProcess('sh', ['-c', script], o)
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const run = promisify(execFile)

describe('fromProcess', () => {
  it('E9: offers stdout, stderr and exit as Observables and stdin as an Observer', async () => {
    const child = sh('while read line; do echo "out $line"; echo "err $line" >&2; done')
    const out = outcome(child.stdout)
    const err = outcome(child.stderr)
    of('a', 'é').subscribe(child.stdin)
    expect(await out).toEqual({ values: ['out a', 'out é'] })
    expect(await err).toEqual({ values: ['err a', 'err é'] })
    expect(await outcome(child.exit)).toEqual({ values: [{ code: 0, signal: null }] })
    await child.stdin.done
  })

  it('E1: carries JSON and bytes both ways', async () => {
    const json = fromProcess<{ n: number }>('cat', [], { as: 'json' })
    of({ n: 1 }, { n: 2 }).subscribe(json.stdin)
    expect(await outcome(json.stdout)).toEqual({ values: [{ n: 1 }, { n: 2 }] })
    const bytes = fromProcess('cat', [], { as: 'bytes' })
    of(Buffer.from([0, 255]), 'x').subscribe(bytes.stdin)
    expect(Buffer.concat((await outcome(bytes.stdout)).values)).toEqual(Buffer.from([0, 255, 120]))
  })

  it('takes cwd, env and shell', async () => {
    const child = fromProcess('echo "$PWD $WORD"', [], { shell: true, cwd: '/', env: { WORD: 'w' } })
    expect((await outcome(child.stdout)).values).toEqual(['/ w'])
  })

  it('tells the exit to whoever asks later, as often as they ask', async () => {
    const child = sh('exit 0')
    await lastValueFrom(child.exit)
    expect(await lastValueFrom(child.exit)).toEqual({ code: 0, signal: null })
    expect(child.kill()).toBe(false)
  })

  it('E33: a nonzero exit is an error of `exit` alone, with code and stderr', async () => {
    const child = sh('echo out; echo "it is broken: é" >&2; exit 3')
    const out = outcome(child.stdout)
    const { error } = await outcome(child.exit)
    expect(error).toBeInstanceOf(ExitError)
    expect(error).toMatchObject({ code: 'ERR_EXIT', exitCode: 3, signal: null, stderr: 'it is broken: é\n' })
    expect((error as Error).message).toBe('sh exited with code 3; it said: it is broken: é')
    expect(await out).toEqual({ values: ['out'] })
  })

  it('E33, E35: keeps the last 2 KiB of stderr, from a whole character on', async () => {
    const child = sh(`i=0; while [ $i -lt 3000 ]; do printf é >&2; i=$((i+1)); done; printf xyz >&2; exit 1`)
    const { stderr } = (await outcome(child.exit)).error as ExitError
    expect(stderr).toBe(`${'é'.repeat(1022)}xyz`)
  })

  it('E33: a signal that nobody asked for is an error', async () => {
    expect((await outcome(sh('kill -9 $$').exit)).error).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
  })

  it('E33: kill() sends a signal, and the end that follows is no failure', async () => {
    const child = fromProcess('sleep', ['60'])
    expect(child.kill()).toBe(true)
    expect(await outcome(child.exit)).toEqual({ values: [{ code: null, signal: 'SIGTERM' }] })
    expect(await outcome(child.stdout)).toEqual({ values: [] })
    expect(exists(child.pid as number)).toBe(false)
  })

  it.each([
    ['is not there', '/no/such/program', {}, 'ENOENT', /check the command, PATH and cwd/],
    ['may not be run', '/etc/passwd', {}, 'EACCES', /EACCES/],
    ['has no cwd', 'true', { cwd: '/no/such' }, 'ENOENT', /cwd/],
    ['is no valid argument', 'a\0b', {}, 'ERR_INVALID_ARG_VALUE', /null bytes/],
  ])('E32: a command that %s is an error of everything', async (_, command, o, code, mend) => {
    const child = fromProcess(command, [], o)
    const queue = fifoQueue<string>()
    await queue.put('a')
    queue.subscribe(child.stdin)
    const failure = { code: 'ERR_SPAWN', cause: { code }, message: expect.stringMatching(mend) }
    for (const source of [child.stdout, child.stderr, child.exit]) {
      const { values, error } = await outcome<unknown>(source)
      expect(values).toEqual([])
      expect(error).toBeInstanceOf(QueueLinkError)
      expect(error).toMatchObject(failure)
    }
    await expect(child.stdin.done).rejects.toMatchObject(failure)
    await until(() => queue.size === 1)
    expect([child.pid, child.kill()]).toEqual([undefined, false])
  })

  it('Q16.4: refuses what cannot be', () => {
    for (const call of [
      () => fromProcess(''),
      () => fromProcess('true', [], { grace: -1 }),
      () => sh('', { as: 'x' as 'json' }),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  })

  it('E3: passes 1 GB on stdout and stderr at once, all of it, in constant memory', async () => {
    const MUCH = 1_000_000_000
    const child = sh(`(head -c ${MUCH} /dev/zero >&2) & head -c ${MUCH} /dev/zero; wait`, { as: 'bytes' })
    let bytes = 0
    const before = process.memoryUsage().rss
    let most = 0
    const done = lastValueFrom(
      child.stdout.pipe(
        map(chunk => {
          bytes += (chunk as Buffer).length
          most = Math.max(most, process.memoryUsage().rss)
        }),
      ),
    )
    await lastValueFrom(child.exit)
    await done
    expect(bytes).toBe(MUCH)
    expect((most - before) / 1024 / 1024).toBeLessThan(100)
  })

  it('E35: a process waits while its stdout is not read, and goes on when it is', async () => {
    const child = sh('head -c 2000000 /dev/zero; echo done >&2', { as: 'bytes' })
    const err: string[] = []
    child.stderr.subscribe(line => void err.push(line))
    await sleep(100)
    expect(err).toEqual([])
    let bytes = 0
    child.stdout.subscribe(chunk => void (bytes += (chunk as Buffer).length))
    await lastValueFrom(child.exit)
    await until(() => bytes === 2_000_000 && err.length === 1)
  })

  it('E35: unread stderr never stalls it', async () => {
    expect(await outcome(sh('head -c 20000000 /dev/zero >&2').exit)).toEqual({ values: [{ code: 0, signal: null }] })
  })

  it('a slow reader of stderr holds it back and loses nothing', async () => {
    const queue = fifoQueue<string>({ capacity: 10 })
    const child = sh('i=0; while [ $i -lt 50000 ]; do echo "warning number $i" >&2; i=$((i+1)); done')
    child.stderr.subscribe(queue)
    for (let i = 0; i < 50_000; i++) expect(await queue.get({ timeout: 5000 })).toBe(`warning number ${i}`)
    await lastValueFrom(child.exit)
  })

  it.each(['stdout', 'stderr'] as const)(
    'a slow reader of %s gets all, although the process exits meanwhile',
    async which => {
      const queue = fifoQueue<unknown>({ capacity: 1 })
      const child = sh(`seq 1 20000 ${which === 'stderr' ? '>&2' : ''}`)
      child[which].subscribe(queue as never)
      await lastValueFrom(child.exit)
      await sleep(50)
      for (let i = 1; i <= 20_000; i++) expect(await queue.get({ timeout: 5000 })).toBe(`${i}`)
    },
  )

  it('what a process wrote before it exited can be read afterwards', async () => {
    const child = sh('head -c 60000 /dev/zero | tr "\\0" "\\n"')
    await lastValueFrom(child.exit)
    await sleep(20)
    expect((await outcome(child.stdout)).values).toHaveLength(60_000)
    expect(await outcome(child.stdout)).toMatchObject({ values: [] })
  })

  it.each([
    ['exits early', 'exit 0', { values: [{ code: 0, signal: null }] }],
    ['is killed', 'kill -9 $$', { values: [], error: expect.objectContaining({ signal: 'SIGKILL' }) }],
  ])('[P20] a process that %s gives back what it did not read', async (_, end, ended) => {
    const queue = fifoQueue<string>()
    await queue.putBatch(Array.from({ length: 20_000 }, () => 'x'.repeat(1000)))
    const child = sh(`read line; ${end}`)
    const subscription = queue.subscribe(child.stdin)
    expect(await outcome(child.exit)).toEqual(ended)
    await expect(child.stdin.done).rejects.toMatchObject({ code: 'ERR_STREAM' })
    expect(subscription.closed).toBe(true)
    await until(() => queue.size === 20_000 - queue.metrics().acked)
    expect(queue.metrics().acked).toBeLessThan(1000)
  })

  it('E30: unsubscribing from stdout closes that pipe', async () => {
    const child = fromProcess('yes')
    expect(await firstValueFrom(child.stdout.pipe(take(1)))).toBe('y')
    expect((await outcome(child.exit)).error).toMatchObject({ code: 'ERR_EXIT' })
  })

  it('E34: an abort asks with SIGTERM, and ends everything with its reason', async () => {
    const stop = new AbortController()
    const child = sh('trap "echo bye >&2; exit 0" TERM; echo ready; while :; do sleep 0.05; done', {
      signal: stop.signal,
    })
    const err = outcome(child.stderr)
    const reason = new Error('enough')
    const out = outcome(child.stdout)
    await sleep(100)
    stop.abort(reason)
    expect(await out).toEqual({ values: ['ready'], error: reason })
    expect((await outcome(child.exit)).error).toBe(reason)
    expect((await err).values).toEqual(['bye'])
    expect(exists(child.pid as number)).toBe(false)
  })

  it('E34: a process that ignores SIGTERM is killed when its grace is over, and leaves no zombie', async () => {
    const stop = new AbortController()
    const child = sh('trap "" TERM; echo ready; while :; do sleep 0.05; done', { signal: stop.signal, grace: 150 })
    const ready = new Subject<void>()
    child.stdout.subscribe({ next: () => ready.complete(), error: () => {} })
    await lastValueFrom(ready, { defaultValue: undefined })
    stop.abort()
    await sleep(50)
    expect(exists(child.pid as number)).toBe(true)
    expect((await outcome(child.exit)).error).toBe(stop.signal.reason)
    expect(exists(child.pid as number)).toBe(false)
  })

  it('with a signal that is aborted already, nothing is started', async () => {
    const child = fromProcess('touch', [join(dir(), 'x')], { signal: AbortSignal.abort('no') })
    expect(await outcome(child.exit)).toEqual({ values: [], error: 'no' })
    expect(child.pid).toBeUndefined()
    await expect(child.stdin.done).rejects.toBe('no')
  })

  it('E29: stdout and stderr take one subscription at a time', async () => {
    const child = sh('cat; echo bye >&2')
    const [out, err] = [outcome(child.stdout), outcome(child.stderr)]
    for (const source of [child.stdout, child.stderr]) {
      expect((await outcome(source)).error).toMatchObject({ code: 'ERR_STREAM_TAKEN' })
    }
    of('a').subscribe(child.stdin)
    expect([(await out).values, (await err).values]).toEqual([['a'], ['bye']])
  })

  it('E35: what stderr says while nobody is subscribed is gone', async () => {
    const child = sh('echo lost >&2; read line; echo kept >&2; exit 1')
    await sleep(100)
    const err = outcome(child.stderr)
    of('go').subscribe(child.stdin)
    expect(await err).toEqual({ values: ['kept'] })
    expect((await outcome(child.exit)).error).toMatchObject({ stderr: 'lost\nkept\n' })
  })

  it('E36: leaves nothing of those that flood, ignore SIGTERM, end early or crash, with stdin and stdout in use', async () => {
    const pids: (number | undefined)[] = []
    const line = 'x'.repeat(10_000)
    await leavesNothingOpen(async () => {
      const stop = new AbortController()
      const children = [
        sh('yes & yes >&2', { signal: stop.signal }),
        sh(`trap "" TERM; echo ready; while :; do echo ${line}; done`, { signal: stop.signal, grace: 50 }),
        sh('exec yes'),
        sh('read line; exit 3'),
        sh('read line; kill -SEGV $$'),
        sh('exec 0<&- 1>&-; sleep 0.05'),
      ]
      const feeds = children.map(child => {
        const queue = fifoQueue<string>()
        void queue.putBatch(new Array(200).fill(line))
        queue.subscribe(child.stdin)
        child.stdout.subscribe({ error: () => {} })
        child.stderr.subscribe({ error: () => {} })
        return queue
      })
      await sleep(50)
      children[2]?.kill('SIGKILL')
      stop.abort(new Error('enough'))
      const ends = await Promise.all(children.map(child => outcome(child.exit)))
      expect(ends.map(({ values, error }) => values[0] ?? (error as { code?: string }).code)).toEqual([
        undefined,
        undefined,
        { code: null, signal: 'SIGKILL' },
        'ERR_EXIT',
        'ERR_EXIT',
        { code: 0, signal: null },
      ])
      await Promise.allSettled(children.map(child => child.stdin.done))
      for (const queue of feeds) await until(() => queue.size + queue.metrics().acked === 200)
      pids.push(...children.map(child => child.pid))
    })
    for (const pid of pids) expect(exists(pid as number)).toBe(false)
  })

  it('E36: leaves no descriptor and no process: read, unread, killed, not started', async () => {
    const pids: (number | undefined)[] = []
    await leavesNothingOpen(async () => {
      const read = sh('echo a')
      const unread = sh('echo a; echo b >&2')
      const silent = fromProcess('true')
      const full = fromProcess('yes')
      const killed = fromProcess('cat')
      const none = fromProcess('/no/such')
      await outcome(read.stdout)
      await lastValueFrom(unread.exit)
      await lastValueFrom(silent.exit)
      killed.stdin.next('x')
      killed.kill('SIGKILL')
      await lastValueFrom(killed.exit)
      await outcome(none.exit)
      full.kill()
      await lastValueFrom(full.exit)
      pids.push(read.pid, unread.pid, silent.pid, full.pid, killed.pid)
    })
    for (const pid of pids) expect(exists(pid as number)).toBe(false)
  })
})

describe('a process that uses them', () => {
  it('Q13.4: ends by itself when there is nothing left to do', async () => {
    const { stdout } = await run(process.execPath, [fixture('io-natural-exit.js'), join(dir(), 'out')])
    expect(stdout).toBe('through cat\n')
  })

  it('reads no more of its stdin than it can place, and ends when it lets go', async () => {
    const child = fromProcess(process.execPath, [fixture('io-slow-stdin.js')])
    const queue = fifoQueue<string>()
    await queue.putBatch(new Array(50_000).fill('x'.repeat(1000)))
    queue.subscribe(child.stdin)
    expect(await outcome(child.stdout)).toEqual({ values: ['10 true true'] })
    expect(await lastValueFrom(child.exit)).toEqual({ code: 0, signal: null })
    expect(queue.metrics().acked).toBeLessThan(10_000)
  })

  it('E36: takes its children with it when it exits', async () => {
    const { stdout } = await run(process.execPath, [fixture('io-leave-children.js')])
    await until(() => !exists(Number(stdout)), 'the end of the child')
  })
})
