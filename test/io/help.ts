import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Observable } from 'rxjs'
import { afterEach } from 'vitest'

/** A directory for the test that runs; removed after it. */
export function workDir(): () => string {
  let dir: string | undefined
  afterEach(() => {
    if (dir) rmSync(dir, { recursive: true, force: true })
    dir = undefined
  })
  return () => (dir ??= mkdtempSync(join(tmpdir(), 'queuelink-io-')))
}

export interface Outcome<T> {
  values: T[]
  error?: unknown
}

/** Everything an Observable emits, and how it ended. */
export function outcome<T>(source: Observable<T>): Promise<Outcome<T>> {
  const values: T[] = []
  return new Promise(resolve => {
    source.subscribe({
      next: value => void values.push(value),
      error: error => resolve({ values, error }),
      complete: () => resolve({ values }),
    })
  })
}

export async function until(holds: () => boolean, what = 'the condition'): Promise<void> {
  const end = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not come true within 10 s`)
    await sleep(5)
  }
}

export function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** Runs something and sees that it leaves no descriptor open. */
export async function leavesNothingOpen(work: () => Promise<unknown>): Promise<void> {
  // What is opened once for all, such as a pool of threads, is not counted.
  await work()
  await sleep(20)
  const before = openFiles()
  for (let i = 0; i < 5; i++) await work()
  await until(() => openFiles() <= before, `closing all of ${openFiles()} descriptors but ${before}`)
}

/** Is there such a process, zombies included? */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
