import type { Mailbox } from './mailbox.js'
import { checkWait, type WaitOptions } from './waiters.js'

/**
 * Takes what is there and consumes it, in one step: no item is leased by itself. Undefined where that cannot be done: there is nothing, it
 * is somebody else's turn, or values have to fit a schema.
 */
export function consumeNow<T>(mailbox: Mailbox<T>, max: number, o?: WaitOptions): T[] | undefined {
  checkWait(o)
  if (mailbox.ended || mailbox.takers.length > 0 || mailbox.maker.checks) return undefined
  if (mailbox.paused && o?.timeout !== 0) return undefined
  const values = mailbox.store.consume?.(max, mailbox.now())
  if (!values) return undefined
  mailbox.metrics.handedOver += values.length
  mailbox.metrics.acked += values.length
  mailbox.turn.count(values.length)
  mailbox.kick()
  return values
}
