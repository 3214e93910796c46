import { QueueClosedError } from '../errors/queue-closed-error.js'
import type { QueueMetrics } from './metrics.js'
import type { PutLine } from './put-line.js'
import type { StoreListener } from './store.js'

interface Owner<T> {
  readonly name: string
  readonly line: PutLine<T>
  readonly metrics: QueueMetrics
  kick(): void
  close(error: Error): void
}

/** What the owner of a store makes of what the store tells. */
export function storeNews<T>(owner: Owner<T>): StoreListener {
  const { line, metrics, name } = owner
  return {
    readable: () => owner.kick(),
    writable: () => owner.kick(),
    stored: ticket => line.stored(ticket),
    failed: (ticket, error) => line.failed(ticket, error),
    repeated: count => {
      metrics.repeated += count
    },
    broken: error =>
      owner.close(error instanceof Error ? error : new QueueClosedError(`${name} broke`, { cause: error })),
  }
}
