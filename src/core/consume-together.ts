import type { EntryMaker } from './entry-maker.js'
import type { QueueMetrics } from './metrics.js'
import type { Store } from './store.js'

export interface Consuming<T> {
  readonly store: Store<T>
  readonly maker: EntryMaker<T>
  readonly metrics: QueueMetrics
  now(): number
}

/** Takes what is there and consumes it, in one step: no item is leased by itself. Undefined where values have to be taken one by one. */
export function consumeTogether<T>(mailbox: Consuming<T>, max: number): T[] | undefined {
  // What no longer fits goes back, which an item that has no lease cannot.
  if (mailbox.maker.checks) return undefined
  const values = mailbox.store.consume?.(max, mailbox.now())
  if (!values) return undefined
  mailbox.metrics.handedOver += values.length
  mailbox.metrics.acked += values.length
  return values
}
