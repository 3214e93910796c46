import { FifoShelf } from '../../core/fifo-shelf.js'
import type { CommonOptions } from '../../core/options.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import { memoryQueue } from './memory-queue.js'

/**
 * A first in, first out queue in this process: Python's `queue.Queue`, and, with `joinable`, its `task_done` and `join`.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 *
 * const queue = fifoQueue<string>({ capacity: 2 })
 * queue.putNowait('a')
 * await queue.put('b', { timeout: 100 })
 * console.log(queue.getNowait(), await queue.get(), queue.size) // a b 0
 * ```
 */
export function fifoQueue<T>(o: CommonOptions<T> = {}): SyncQueue<T> {
  return memoryQueue('fifo', new FifoShelf<T>(), o)
}
