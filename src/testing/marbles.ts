import type { RunHelpers } from 'rxjs/testing'
import { MarbleDeliveries } from './marbles-deliveries.js'
import { QueueTestScheduler } from './test-scheduler.js'

export interface MarbleHelpers extends RunHelpers {
  /** A cold Observable of deliveries, each of which records when it is acked, nacked or released. */
  coldDeliveries<T = string>(marbles: string, values?: Record<string, T>, error?: unknown): MarbleDeliveries<T>
  /** The same, hot. */
  hotDeliveries<T = string>(marbles: string, values?: Record<string, T>, error?: unknown): MarbleDeliveries<T>
}

export interface MarbleOptions {
  /** Throws if the two differ. By default they are compared here, and what differs is shown frame by frame. */
  assert?: (actual: unknown, expected: unknown) => void
  /** Frames after which something must be going on for ever. An hour. */
  maxFrames?: number
}

/**
 * Runs a marble test in virtual time, for RxJS and for everything of this package that waits: queues in this process
 * rest, delay and time out by the frames of the diagram. One frame is a millisecond. Needs no test framework.
 *
 * ```
 * put          a------|
 * deliveries   a-(a)--     nacked with { delay: 2 }, it comes again two frames later
 * ```
 *
 * Promises are not virtual: let handlers answer Observables (`timer(3).pipe(map(…))`) in place of them.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { each, settle } from 'queuelink/operators'
 * import { runMarbles } from 'queuelink/testing'
 * import { map, timer } from 'rxjs'
 *
 * runMarbles(({ cold, expectObservable }) => {
 *   const queue = fifoQueue<string>()
 *   cold('            abc').subscribe(queue)
 *   const expected = '--a-b-c'
 *   const slowly = each((item: string) => timer(2).pipe(map(() => item)))
 *   expectObservable(queue.deliveries().pipe(slowly, settle())).toBe(expected)
 * })
 * ```
 *
 * @see MarbleDeliveries, for tests of operators over deliveries
 */
export function runMarbles<R>(test: (helpers: MarbleHelpers) => R, o: MarbleOptions = {}): R {
  const scheduler = new QueueTestScheduler(o)
  return scheduler.run(helpers => {
    const { cold, hot } = helpers
    return test({
      ...helpers,
      coldDeliveries: (marbles, values, error) => new MarbleDeliveries(cold<string>(marbles, undefined, error), values),
      hotDeliveries: (marbles, values, error) => new MarbleDeliveries(hot<string>(marbles, undefined, error), values),
    })
  })
}
