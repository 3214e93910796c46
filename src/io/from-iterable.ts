import { Source } from '../core/source.js'
import { optionError } from '../errors/option-error.js'
import { DemandFeed } from './demand-feed.js'
import { IterableReader } from './read-iterable.js'

/**
 * Anything that can be iterated, synchronously or not, as a source. Nothing is pulled ahead: the next item only when a
 * subscriber has room for it, so that no more than its window (1,024 items, or `observe({ prefetch })`) are pulled and not
 * settled. RxJS's `from` pulls everything there is.
 *
 * Each subscription iterates anew (a generator can do that once). Unsubscribing calls the iterator's `return`; an async
 * generator that is waiting hears of it when that wait is over, and an item that it yields then is dropped. An error of
 * the iterator ends the source as it is.
 *
 * @example
 * ```ts
 * import { fromIterable } from 'queuelink'
 * import { on, EventEmitter } from 'node:events'
 * import { take } from 'rxjs'
 *
 * const clicks = new EventEmitter()
 * fromIterable(on(clicks, 'click')).pipe(take(1)).subscribe(event => console.log(event)) // [ 'left' ]
 * setImmediate(() => clicks.emit('click', 'left'))
 * ```
 */
export function fromIterable<T>(iterable: Iterable<T> | AsyncIterable<T>): Source<T> {
  const make = iteratorOf(iterable)
  const name = 'the iterable'
  return new Source<T>(
    name,
    () => new DemandFeed<T>(name),
    feed => {
      const reader = new IterableReader(make, feed)
      return () => reader.stop()
    },
  )
}

function iteratorOf<T>(iterable: Iterable<T> | AsyncIterable<T>): () => Iterator<T> | AsyncIterator<T> {
  const either = iterable as Partial<Iterable<T> & AsyncIterable<T>> | undefined | null
  const make = either?.[Symbol.asyncIterator] ?? either?.[Symbol.iterator]
  if (typeof make !== 'function') throw optionError('iterable', 'something that can be iterated', iterable)
  return () => (make as () => Iterator<T> | AsyncIterator<T>).call(iterable)
}
