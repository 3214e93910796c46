import { config } from 'rxjs'
import type { CommonOptions } from '../../core/options.js'
import type { Queue } from '../../core/queue.js'
import { SyncQueue } from '../../core/sync-queue.js'

/** What a kind can do; a test that asks for more is skipped, with the reason in its title. */
export interface Capabilities {
  /** The queues are SyncQueues. */
  readonly sync: boolean
  /** Every queue is to be made with `joinable: true`. */
  readonly joinable: boolean
  readonly order: 'fifo' | 'lifo' | 'priority'
  /** `own`: the items live in this process, as they are; `any`: they are encoded, and others may reach them. */
  readonly process: 'own' | 'any'
  /** The put option `priority` means something to the kind, whatever its order; only to the order `priority` if left out. */
  readonly priorities?: boolean
  /** The put option `key` means something to the kind; false if left out. */
  readonly keys?: boolean
}

/** The two matchers that the contract needs; those of vitest, jest and bun fit as they are. */
export type Expect = (actual: unknown) => { toBe(expected: unknown): void; toEqual(expected: unknown): void }

export interface It {
  (title: string, body: () => Promise<void>): void
  skip(title: string, body: () => Promise<void>): void
}

export interface QueueContract {
  /** Makes an empty queue. For the order `priority`, it must hand over the smallest number first. */
  make<T>(o: CommonOptions<T>): Queue<T> | Promise<Queue<T>>
  readonly capabilities: Capabilities
  readonly describe: (title: string, body: () => void) => void
  readonly it: It
  readonly expect: Expect
}

export type Open = <T = number>(o?: CommonOptions<T>) => Promise<Queue<T>>

export interface Kit {
  readonly can: Capabilities
  readonly expect: Expect
  readonly describe: (title: string, body: () => void) => void
  /** A test is given `open`, and what it opened is removed at its end. `skip`: the reason why this kind cannot have it. */
  test(title: string, body: (open: Open) => Promise<void>, skip?: string | false): void
}

export function kitOf({ make, capabilities, describe, it, expect }: QueueContract): Kit {
  return {
    can: capabilities,
    expect,
    describe,
    test(title, body, skip) {
      const run = async (): Promise<void> => {
        const opened: { unlink(): Promise<void> }[] = []
        const open = async <T>(o: CommonOptions<T> = {}): Promise<Queue<T>> => {
          const queue = await make<T>({ ...o, joinable: capabilities.joinable })
          opened.push(queue)
          return queue
        }
        try {
          await body(open as Open)
        } finally {
          await Promise.all(opened.map(queue => queue.unlink()))
        }
      }
      if (skip) it.skip(`${title} (skipped: ${skip})`, run)
      else it(title, run)
    },
  }
}

/** What a promise rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol('nothing')
  const reason = await promise.then(
    () => nothing,
    error => error,
  )
  if (reason === nothing) throw new Error('the promise was expected to reject, but resolved')
  return reason
}

/** The `code` of what a promise rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return ((await failure(promise)) as { code?: unknown }).code
}

/** The `code` of what a call threw. */
export function codeThrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  throw new Error('the call was expected to throw, but returned')
}

/** Lets everything that is due happen: the macrotasks after this one. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Looks once a turn until the condition holds. */
export async function until(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain until ${holds}`)
    await turns(1)
  }
}

/** Takes an item for good, joinable or not. */
export async function take<T>(queue: Queue<T>, can: Capabilities): Promise<T> {
  const item = await queue.get()
  if (can.joinable) queue.taskDone()
  return item
}

/** Everything that is there, in the order of the queue. */
export async function drain<T>(queue: Queue<T>, can: Capabilities): Promise<T[]> {
  const items: T[] = []
  while ((await queue.stat()).size > 0) items.push(await take(queue, can))
  return items
}

/** Runs the body while errors that RxJS reports as unhandled are collected instead of thrown; answers them. */
export async function unhandledIn(body: () => Promise<void>): Promise<unknown[]> {
  const before = config.onUnhandledError
  const seen: unknown[] = []
  config.onUnhandledError = error => seen.push(error)
  try {
    await body()
    // RxJS reports from a timer.
    await new Promise(resolve => setTimeout(resolve, 2))
    await turns()
  } finally {
    config.onUnhandledError = before
  }
  return seen
}

/** The queue as one that answers at once; only for tests that are skipped without `sync`. */
export function atOnce<T>(queue: Queue<T>): SyncQueue<T> {
  if (queue instanceof SyncQueue) return queue
  throw new Error('the capability `sync` was declared, but the queue is no SyncQueue')
}

export const NEEDS_SYNC = 'it has no members that answer at once'
