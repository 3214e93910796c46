import type { CommonOptions } from '../../core/options.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import { optionError } from '../../errors/option-error.js'
import { memoryQueue } from './memory-queue.js'
import { PriorityShelf } from './priority-shelf.js'

export interface PriorityQueueOptions<T> extends CommonOptions<T> {
  /** Negative if `a` comes before `b`, as for `Array.sort`. Lower values first. */
  compare?: (a: T, b: T) => number
}

/**
 * A queue that gives its lowest item first: Python's `queue.PriorityQueue`, but stable: equals are first in, first out.
 * The put option `priority` (lower is sooner, 0 by default) goes before `compare`.
 *
 * @example
 * ```ts
 * import { priorityQueue } from 'queuelink'
 *
 * const jobs = priorityQueue<{ due: number; name: string }>({ compare: (a, b) => a.due - b.due })
 * await jobs.put({ due: 2, name: 'later' })
 * await jobs.put({ due: 1, name: 'sooner' })
 * await jobs.put({ due: 9, name: 'urgent' }, { priority: -1 })
 * console.log((await jobs.getBatch(3)).map(job => job.name).join(' ')) // urgent sooner later
 * ```
 */
export function priorityQueue<T>(o: PriorityQueueOptions<T> = {}): SyncQueue<T> {
  const { compare = byValue } = o
  if (typeof compare !== 'function') throw optionError('compare', 'a function of two items', compare)
  return memoryQueue('priority', new PriorityShelf<T>(compare), o)
}

function byValue<T>(a: T, b: T): number {
  if (a < b) return -1
  return a > b ? 1 : 0
}
