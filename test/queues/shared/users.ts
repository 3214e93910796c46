import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type SharedQueueOptions, type SyncQueue, sharedQueue } from 'queuelink'
import { afterEach } from 'vitest'

const script = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))
const opened: SyncQueue<never>[] = []
const started: ChildProcess[] = []

/** What the last test made and started is gone when the next begins. */
afterEach(async () => {
  for (const child of started.splice(0)) await ended(child)
  for (const queue of opened.splice(0)) await queue.unlink()
})

export function newName(): string {
  return `test-${process.pid}-${randomUUID().slice(0, 8)}`
}

/** A queue that is removed at the end of the test. */
export async function open<T>(name = newName(), o: SharedQueueOptions<T> = {}): Promise<SyncQueue<T>> {
  const queue = await sharedQueue<T>(name, o)
  opened.push(queue as never)
  return queue
}

/** Starts `test/fixtures/shared-user.js` in this role. */
export function start(role: string, name: string, ...rest: (string | number)[]): ChildProcess {
  const child = fork(script('shared-user.js'), [role, name, ...rest.map(String)])
  started.push(child)
  return child
}

/** The next message of this sort. */
export function heard<T = unknown>(child: ChildProcess, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { what: string; value: T }) => {
      if (message.what === what) resolve(message.value)
    })
    child.once('exit', code => reject(new Error(`it ended with ${code} and never said '${what}'`)))
  })
}

/** Ends a process that has not ended, and waits until it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

export async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const [code] = await once(child, 'exit')
  return code
}
