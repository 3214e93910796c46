import type { EntryMaker } from './entry-maker.js'
import type { Mailbox } from './mailbox.js'
import type { QueueMetrics } from './metrics.js'
import type { Store } from './store.js'
import { checkWait, type WaitOptions } from './waiters.js'

interface Consuming<T> {
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

/** As `consumeTogether`, past the turn of others; undefined also where there is nothing, or it is somebody else's turn. */
export function consumeNow<T>(mailbox: Mailbox<T>, max: number, o?: WaitOptions): T[] | undefined {
  checkWait(o)
  if (mailbox.ended || mailbox.takers.length > 0) return undefined
  if (mailbox.paused && o?.timeout !== 0) return undefined
  const values = consumeTogether(mailbox, max)
  if (!values || values.length === 0) return undefined
  mailbox.turn.count(values.length)
  mailbox.kick()
  return values
}
