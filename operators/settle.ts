import type { OperatorFunction } from 'rxjs'
import type { Delivery } from '../src/core/delivery.js'
import { settleDeliveries } from '../src/core/settle-deliveries.js'

/**
 * Ends a chain of deliveries: emits their values, and acks each when all sinks that it reaches have stored it.
 *
 * ```
 * source         -a--b--c-|     deliveries
 * settle()       -a--b--c-|     their values
 * a sink stores  --a--b--c-
 * acked          --a--b--c-
 * ```
 *
 * The receipt of a delivery is current while its value is passed on, as that of an item is in a subscription to the
 * queue itself: operators below pass values on in the same call, and sinks join. A value that reaches no sink counts as
 * consumed. Drop values below it, not deliveries above it, which nobody would settle. When a sink fails, or an operator's error gets to one, the delivery is nacked with that error, the stream ends
 * with it, and the source is unsubscribed.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { settle } from 'queuelink/operators'
 * import { map } from 'rxjs'
 *
 * const numbers = fifoQueue<number>()
 * const doubled = fifoQueue<number>()
 *
 * numbers.deliveries({ prefetch: 16 }).pipe(settle(), map(n => n * 2)).subscribe(doubled)
 * await numbers.put(7)
 * console.log(await doubled.get()) // 14
 * ```
 *
 * @see each, batch; a subscription to the queue itself, where nothing in between holds items
 */
export function settle<T>(): OperatorFunction<Delivery<T>, T> {
  return settleDeliveries()
}
