import { FifoShelf } from '../../core/fifo-shelf.js'
import type { CommonOptions } from '../../core/options.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { memoryQueue } from './memory-queue.js'

/**
 * An unbounded first in, first out queue in this process, without `taskDone` and `join`: Python's `queue.SimpleQueue`.
 *
 * @example
 * ```ts
 * import { simpleQueue } from 'queuelink'
 *
 * const queue = simpleQueue<number>()
 * queue.putNowait(1)
 * console.log(queue.getNowait()) // 1
 * ```
 */
export function simpleQueue<T>(o: Omit<CommonOptions<T>, 'capacity' | 'joinable'> = {}): SyncQueue<T> {
  const { capacity, joinable } = o as CommonOptions<T>
  if (capacity !== undefined || joinable) {
    throw new QueueLinkError('a simpleQueue has no capacity and is not joinable; use fifoQueue', 'ERR_OPTION')
  }
  return memoryQueue('simple', new FifoShelf<T>(), o)
}
