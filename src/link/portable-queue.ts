import { mailboxOf } from '../core/mailbox-of.js'
import type { QueueDescriptor } from '../core/origin.js'
import { Queue } from '../core/queue.js'
import type { QueueEndpoint } from './protocol.js'

/** How another process opens this endpoint, if it is a queue that lies where others can; two handles of one queue are one endpoint. */
export function portableQueue(
  endpoint: unknown,
  closeOnComplete = false,
): { queue?: QueueEndpoint; identity: string } | undefined {
  const descriptor = endpoint instanceof Queue ? descriptorOf(endpoint) : undefined
  if (!descriptor) return undefined
  const identity = JSON.stringify(descriptor)
  // What its schema makes of an item, only this process knows.
  if (mailboxOf(endpoint as Queue<unknown>).maker.checks) return { identity }
  return { queue: { descriptor, ...(closeOnComplete ? { closeOnComplete } : {}) }, identity }
}

/** A queue in memory throws when it is asked. */
function descriptorOf(queue: Queue<unknown>): QueueDescriptor | undefined {
  try {
    return queue.descriptor()
  } catch {
    return undefined
  }
}
