import type { OperatorFunction } from 'rxjs'
import { PerItem } from '../src/core/per-item.js'

/**
 * Tells `each` that this is an RxJS operator, to be applied to every item on its own.
 *
 * ```
 * source                       -a---b---|
 *     operator on a             --x-y|
 *     operator on b                  --z|
 * each(perItem(operator))      ---x-y--z|
 * ```
 *
 * Every item gets a chain of its own, so that one item's `scan`, `take` or `retry` knows nothing of another's. For most
 * operators of RxJS `each` finds out by itself; it cannot for those that one writes as `source => source.pipe(…)`, for
 * `endWith` and a few more, and where items are Observables.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { each, perItem, settle } from 'queuelink/operators'
 * import { concatMap, pipe, toArray } from 'rxjs'
 *
 * const lines = fifoQueue<string>()
 * const words = fifoQueue<string[]>()
 * const split = perItem(pipe(concatMap((line: string) => line.split(' ')), toArray()))
 *
 * lines.deliveries().pipe(each(split), settle()).subscribe(words)
 * await lines.put('to be or not')
 * console.log(await words.get()) // [ 'to', 'be', 'or', 'not' ]
 * ```
 *
 * @see each
 */
export function perItem<A, B>(operator: OperatorFunction<A, B>): PerItem<A, B> {
  return new PerItem(operator)
}
