import { mailboxOf } from '../core/mailbox-of.js'
import type { QueueDescriptor } from '../core/origin.js'
import { Queue } from '../core/queue.js'
import type { QueueEndpoint } from './protocol.js'

interface Portable {
  readonly queue?: QueueEndpoint
  readonly identity: string
}

/** How another process reads this endpoint, if it is a queue that lies where others can open it; two handles of one queue are one endpoint. */
export function portableSource(endpoint: unknown): Portable | undefined {
  const portable = portableQueue(endpoint)
  if (!portable?.queue) return portable
  const { maxAttempts, deadLetter } = mailboxOf(endpoint as Queue<unknown>)
  const own = deadLetter?.isInherent ? undefined : deadLetter
  const letters = descriptorOf(own)
  // Only this process can put anything there.
  if (own && !letters) return { identity: portable.identity }
  return { ...portable, queue: { ...portable.queue, maxAttempts, ...(letters && { deadLetter: letters }) } }
}

/** The same of a queue that is written to. */
export function portableQueue(endpoint: unknown, closeOnComplete = false): Portable | undefined {
  const descriptor = descriptorOf(endpoint)
  if (!descriptor) return undefined
  const identity = JSON.stringify(descriptor)
  // What its schema makes of an item, only this process knows.
  if (mailboxOf(endpoint as Queue<unknown>).maker.checks) return { identity }
  return { queue: { descriptor, ...(closeOnComplete ? { closeOnComplete } : {}) }, identity }
}

/** A queue in memory throws when it is asked. */
function descriptorOf(queue: unknown): QueueDescriptor | undefined {
  try {
    return queue instanceof Queue ? queue.descriptor() : undefined
  } catch {
    return undefined
  }
}
