import type { Observable, OperatorFunction } from 'rxjs'
import type { Delivery } from '../src/core/delivery.js'
import { type EachHandler, eachDelivery } from '../src/core/each-delivery.js'
import { checkCount } from '../src/core/options.js'
import type { PerItem } from '../src/core/per-item.js'

export interface EachOptions {
  /** Deliveries worked on at the same time. 1. */
  concurrency?: number
}

/** The item of a handler; where it could only be an Observable, an operator is meant. */
type NoOperator<A> = A extends Observable<unknown> ? never : unknown

/**
 * Turns each delivery into deliveries of what becomes of it: its acknowledgement survives asynchronous work.
 *
 * ```
 * source             -a-b---c-------|
 *     handler(a)      --A|
 *     handler(b)        -----B|
 *     handler(c)             --C|
 * each(handler)      ---A----B-C----|
 * ```
 *
 * The handler answers a value, a promise of one, or an Observable of any number. What is emitted are deliveries as well:
 * the one output of a delivery settles it; of several, all must be acked, and the first nack nacks it; without an output
 * it is acked at once. A handler that throws or rejects nacks its delivery with the reason, and the stream goes on.
 *
 * No more than `concurrency` handlers are at work, and outputs come in the order in which they are done: with 1, in that
 * of the input. Further deliveries wait here, as many as the `prefetch` of their queue allows. When the source ends, all
 * that it brought is done first. When the subscriber leaves, what waits goes back as if it had never been out, and what a
 * handler has in work goes back as well, since its output would reach nobody.
 *
 * In place of a handler it takes an RxJS operator, which works on each item on its own: `perItem(operator)`. The call
 * is needed for operators that one wrote oneself and for their types to be inferred; others are recognised without.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { each, settle } from 'queuelink/operators'
 *
 * const orders = fifoQueue<number>()
 * const bills = fifoQueue<string>()
 * const charge = async (order: number) => `order ${order} is paid`
 *
 * orders.deliveries().pipe(each(charge, { concurrency: 4 }), settle()).subscribe(bills)
 * await orders.put(7)
 * console.log(await bills.get()) // order 7 is paid
 * ```
 *
 * @see settle, which ends such a chain; `Queue.consume`, where there is no output; perItem
 */
export function each<A, B>(operator: PerItem<A, B>, o?: EachOptions): OperatorFunction<Delivery<A>, Delivery<B>>
export function each<A, B>(
  handler: EachHandler<A, B> & NoOperator<A>,
  o?: EachOptions,
): OperatorFunction<Delivery<A>, Delivery<B>>
export function each<A, B>(
  operator: OperatorFunction<A, B>,
  o?: EachOptions,
): OperatorFunction<Delivery<A>, Delivery<B>>
export function each<A, B>(
  transform: EachHandler<A, B> | OperatorFunction<A, B> | PerItem<A, B>,
  o: EachOptions = {},
): OperatorFunction<Delivery<A>, Delivery<B>> {
  return eachDelivery(transform, checkCount('concurrency', o.concurrency, 1))
}
