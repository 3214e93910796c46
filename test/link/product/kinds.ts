import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  connectQueue,
  durableQueue,
  fifoQueue,
  hostQueue,
  lifoQueue,
  priorityQueue,
  type Queue,
  sharedQueue,
  simpleQueue,
} from 'queuelink'
import type { Class } from './values.js'

/** What has to be ended behind all combinations. */
export const ends: (() => Promise<unknown>)[] = []

export interface Kind {
  readonly name: string
  carries(one: Class): boolean
  /** One and the same queue each time that it is opened. */
  readonly isKept?: boolean
  /** Its readers get what came last first. */
  readonly reversed?: boolean
}

export interface QueueKind extends Kind {
  /** An empty queue that is open; the same one again where it lies outside of this process. */
  make(): Promise<Queue<unknown>>
}

export const everything = (): boolean => true
export const only =
  (...classes: readonly Class[]) =>
  (one: Class) =>
    classes.includes(one)

/** Made when first needed, and used for one combination after another. */
function kept(make: () => Promise<Queue<unknown>>): () => Promise<Queue<unknown>> {
  let queue: Promise<Queue<unknown>> | undefined
  return async () => {
    queue ??= make()
    const kept = await queue
    if (kept.closed) await kept.reopen()
    return kept
  }
}

async function hosted(inner: Queue<unknown>, address: string): Promise<Queue<unknown>> {
  const host = await hostQueue(inner, address)
  const client = await connectQueue<unknown>(host.address, { token: host.token })
  ends.push(async () => {
    await client.close()
    await host.unlink()
  })
  return client
}

async function removed(queue: Promise<Queue<unknown>>): Promise<Queue<unknown>> {
  const made = await queue
  ends.push(() => made.unlink())
  return made
}

/** Every kind of queue; `role` keeps those that are read apart from those that are written. */
export function queueKinds(directory: string, role: string): QueueKind[] {
  const path = (name: string): string => join(directory, `${role}-${name}`)
  const shared = () => removed(sharedQueue(`product-${role}-${randomUUID()}`, { bytes: 1 << 24 }))
  return [
    { name: 'fifo', carries: everything, make: async () => fifoQueue() },
    { name: 'lifo', carries: everything, reversed: true, make: async () => lifoQueue() },
    { name: 'priority', carries: everything, make: async () => priorityQueue({ compare: () => 0 }) },
    { name: 'simple', carries: everything, make: async () => simpleQueue() },
    { name: 'shared', carries: everything, isKept: true, make: kept(shared) },
    { name: 'durable', carries: everything, isKept: true, make: kept(() => removed(durableQueue(path('durable')))) },
    {
      name: 'hosted, unix',
      carries: everything,
      isKept: true,
      make: kept(() => hosted(fifoQueue(), path('fifo.sock'))),
    },
    {
      name: 'hosted, tcp',
      carries: everything,
      isKept: true,
      make: kept(async () => hosted(await durableQueue(path('hosted'), { durability: 'async' }), 'tcp:0')),
    },
  ]
}
