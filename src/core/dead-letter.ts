import type { Lease } from './entry.js'

export type { DeadLetter } from './options.js'

/** An item's history, as headers of its copy in the dead-letter queue. */
export function deadHeaders(lease: Lease<unknown>, queue: string, reason: unknown): Record<string, string> {
  return {
    ...lease.headers,
    'x-attempts': String(lease.attempt),
    'x-queue': queue,
    'x-reason': reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason ?? 'no reason given'),
  }
}
