import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue, QueueLink } from 'queuelink'
import { filter, firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect } from 'vitest'

export const PLACEMENTS = ['inline', 'thread', 'process'] as const

/** A fixture's URL. */
export function fixture(name: string): URL {
  return new URL(`../fixtures/${name}`, import.meta.url)
}

/** The module whose exports are used as steps. */
export const STEPS = fixture('link-steps.js')

/** Gives each test a directory of its own; all are removed in the end. */
export function workDirs(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'queuelink-link-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return () => mkdtempSync(join(root, 't-'))
}

/** After all tests of a file: no child, no descriptor, no temporary directory is left. */
export function leavesNothing(): void {
  let before = 0
  beforeAll(() => {
    before = openFiles()
  })
  afterAll(async () => {
    await until(() => childrenOf(process.pid).length === 0, 'the end of all children')
    await until(() => spillDirectories().length === 0, 'the removal of all spill directories')
    await until(() => openFiles() <= before + 1, `closing ${openFiles() - before} descriptors`)
  })
}

export async function until(holds: () => boolean, what = 'the condition'): Promise<void> {
  const end = Date.now() + 15_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not come true within 15 s`)
    await sleep(5)
  }
}

export function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

function childrenOfThread(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
  } catch (error) {
    // It has ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

export function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads
    .flatMap(thread => childrenOfThread(pid, thread).split(' '))
    .filter(child => child !== '')
    .map(Number)
}

/** Those of this process. */
export function spillDirectories(pid = process.pid): string[] {
  return readdirSync(tmpdir()).filter(name => name.startsWith(`queuelink-spill-${pid}-`))
}

/** Is there such a process? Zombies do not count. */
export function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Resident memory of a process, in MiB. */
export function memoryOf(pid: number | 'self'): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return 0
  }
}

/** The process id of a link's child, as soon as it runs. */
export async function childOf(link: QueueLink): Promise<number> {
  const status = await firstValueFrom(link.status$.pipe(filter(({ state }) => state === 'running')))
  return status.pid as number
}

/** So many items, in the order in which they come. */
export async function take<T>(queue: Queue<T>, count: number): Promise<T[]> {
  const items: T[] = []
  while (items.length < count) items.push(...(await queue.getBatch(count - items.length, { timeout: 15_000 })))
  return items
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; cause?: unknown }> {
  const settled = await promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  )
  expect(settled).toHaveProperty('error')
  return (settled as { error: Error }).error
}

export function thrownBy(call: () => unknown): Error & { code?: string; cause?: unknown } {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

/** Puts number after number until there is a dead letter; answers how many it put, and what the letter says. */
export async function feedUntilDead(
  queue: Queue<number>,
  deadLetter: Queue<number>,
): Promise<{ put: number; value: number; reason: string | undefined }> {
  let put = 0
  const feeding = setInterval(() => void queue.put(put++), 5)
  const { value, headers } = await deadLetter.receive({ timeout: 25_000 })
  clearInterval(feeding)
  return { put, value, reason: headers['x-reason'] }
}
