import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fifoQueue, link } from 'queuelink'
import { afterAll, describe, expect, it } from 'vitest'
import { fixture, lives, spillDirectories, until } from '../link/help.js'

const started: ChildProcess[] = []
afterAll(() => {
  for (const parent of started) parent.kill('SIGKILL')
})

interface Program {
  readonly process: ChildProcess
  readonly pid: number
  /** Of its link's child. */
  readonly child: number
  next(): Promise<Record<string, unknown>>
}

/** Starts a program with a link, in a process group of its own. */
async function start(how: string): Promise<Program> {
  const parent = spawn(process.execPath, [fileURLToPath(fixture('link-parent.js')), how], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(parent)
  const lines = createInterface({ input: parent.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const next = async (): Promise<Record<string, unknown>> => JSON.parse((await lines.next()).value as string)
  const { pid } = await next()
  return { process: parent, pid: parent.pid as number, child: pid as number, next }
}

async function endsWithin(ms: number, pid: number): Promise<boolean> {
  const end = performance.now() + ms
  while (lives(pid) && performance.now() < end) await sleep(20)
  return !lives(pid)
}

describe('a parent that is killed', () => {
  it.concurrent.each([
    ['idle', 0],
    ['busy', 300],
    ['hangs', 1000],
    ['idle for ten seconds', 10_000],
  ])('[L29][P29] takes its child with it: %s', async (how, ms) => {
    const { process: parent, child } = await start(how.split(' ')[0] as string)
    await sleep(ms)
    expect(lives(child)).toBe(true)
    parent.kill('SIGKILL')
    expect(await endsWithin(2000, child)).toBe(true)
  })

  it.concurrent('[S9] leaves a directory of spilled payloads, which the next link sweeps', async () => {
    const { process: parent, pid, child } = await start('busy')
    await until(() => spillDirectories(pid).length === 1)
    parent.kill('SIGKILL')
    expect(await endsWithin(2000, child)).toBe(true)
    expect(spillDirectories(pid)).toHaveLength(1)
    const other = await start('idle')
    await until(() => spillDirectories(pid).length === 0)
    // Not what belongs to the living.
    expect(spillDirectories(other.pid)).toHaveLength(1)
    await link(fifoQueue(), fifoQueue(), { placement: 'process' }).stop()
    expect(spillDirectories(other.pid)).toHaveLength(1)
    other.process.kill('SIGKILL')
    expect(await endsWithin(2000, other.child)).toBe(true)
  })
})

it.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
  '[L43][P47] %s to the whole group ends a child only when its parent has drained it',
  async signal => {
    const { process: parent, pid, child, next } = await start('drains')
    await sleep(50)
    process.kill(-pid, signal)
    const { moved, forced, stored, left, restarts } = (await next()) as Record<string, number>
    expect({ forced, restarts }).toEqual({ forced: false, restarts: 0 })
    expect(stored).toBe(moved)
    expect(Number(stored) + Number(left)).toBe(60)
    expect((await once(parent, 'exit'))[0]).toBe(0)
    expect(lives(child)).toBe(false)
  },
)

it.concurrent.each(['done', 'stopped'])('a process with a link that is %s exits by itself', async how => {
  const { process: parent, pid, child, next } = await start(how)
  const exited = once(parent, 'exit')
  expect(await next()).toEqual(how === 'done' ? { stored: 1 } : { stopped: true })
  expect(await exited).toEqual([0, null])
  expect(lives(child)).toBe(false)
  expect(spillDirectories(pid)).toEqual([])
})
