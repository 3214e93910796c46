import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DurableQueue, type DurableQueueOptions, durableQueue } from 'queuelink'
import { afterEach } from 'vitest'

const directories: string[] = []
const queues: DurableQueue<never>[] = []
const children: ChildProcess[] = []
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(queues.splice(0).map(queue => queue.close()))
  for (const end of endings.splice(0).reverse()) await end()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** A directory that is removed after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'queuelink-durable-'))
  directories.push(directory)
  return directory
}

/** Done after the test, before directories are removed: what came last first. */
export function afterwards(end: () => unknown): void {
  endings.push(end)
}

/** A queue that is closed after the test. */
export async function open<T = unknown>(path: string, o?: DurableQueueOptions<T>): Promise<DurableQueue<T>> {
  const queue = await durableQueue<T>(path, o)
  queues.push(queue as unknown as DurableQueue<never>)
  return queue
}

export const fresh = <T = unknown>(o?: DurableQueueOptions<T>) => open<T>(join(scratch(), 'queue'), o)

export interface Program {
  readonly child: ChildProcess
  /** The next line that it prints. */
  line(): Promise<string>
  readonly ended: Promise<string | number | null>
}

/** Runs a program of the fixtures; it is killed after the test. */
export function run(file: string, ...args: string[]): Program {
  const path = fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const ended = new Promise<string | number | null>(resolve =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  )
  const lines: string[] = []
  let wake = (): void => {}
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    wake()
  })
  const line = async (): Promise<string> => {
    while (lines.length === 0) await new Promise<void>(resolve => (wake = resolve))
    return lines.shift() as string
  }
  return { child, line, ended }
}
