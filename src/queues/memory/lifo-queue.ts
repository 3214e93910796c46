import type { CommonOptions } from '../../core/options.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import { LifoShelf } from './lifo-shelf.js'
import { memoryQueue } from './memory-queue.js'

/**
 * A last in, first out queue in this process: Python's `queue.LifoQueue`.
 *
 * @example
 * ```ts
 * import { lifoQueue } from 'queuelink'
 *
 * const stack = lifoQueue<string>()
 * await stack.putBatch(['a', 'b'])
 * console.log(await stack.get(), await stack.get()) // b a
 * ```
 */
export function lifoQueue<T>(o: CommonOptions<T> = {}): SyncQueue<T> {
  return memoryQueue('lifo', new LifoShelf<T>(), o)
}
