import type { Lease } from './entry.js'
import type { DeadLetter } from './options.js'

export type { DeadLetter } from './options.js'

/** An item's history, as headers of its copy in the dead-letter queue. */
function deadHeaders(lease: Lease<unknown>, queue: string, reason: unknown): Record<string, string> {
  return {
    ...lease.headers,
    'x-attempts': String(lease.attempt),
    'x-queue': queue,
    'x-reason': reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason ?? 'no reason given'),
  }
}

/** Puts a copy of the item, with its history, into the dead-letter queue. */
export async function bury<T>(to: DeadLetter<T>, lease: Lease<T>, queue: string, reason: unknown): Promise<void> {
  await to.put(lease.value, { headers: deadHeaders(lease, queue, reason) })
}
