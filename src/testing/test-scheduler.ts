import type { Observable } from 'rxjs'
import { type RunHelpers, TestScheduler } from 'rxjs/testing'
import { useClock } from '../util/clock.js'
import { differ } from './marbles-difference.js'

/** Frames in an hour. */
const HOUR = 3_600_000

/** The line that stated an expectation; none as long as it is only half a sentence. */
interface Stated {
  at?: Error
}

type SubscriptionLogs = Parameters<TestScheduler['expectSubscriptions']>[0]

/**
 * The scheduler of RxJS, with three things it lacks: what waits in this package waits in virtual time too, a failure
 * says in which line and frame, and a test in which something reschedules itself for ever comes to an end.
 */
export class QueueTestScheduler extends TestScheduler {
  readonly #limit: number
  readonly #stated: Stated[] = []

  constructor(o: { assert?: (actual: unknown, expected: unknown) => void; maxFrames?: number } = {}) {
    super((actual, expected) => {
      this.#assertEnded()
      const at = this.#nextStated()
      if (o.assert) o.assert(actual, expected)
      else differ(actual, expected, at)
    })
    this.#limit = o.maxFrames ?? HOUR
  }

  override run<R>(test: (helpers: RunHelpers) => R): R {
    const restore = useClock({
      now: () => this.frame,
      after: (ms, callback) => this.#later(ms, callback),
      soon: callback => this.#later(0, callback),
    })
    try {
      return super.run(helpers => {
        const result = test(helpers)
        if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
          throw new Error('a marble test is synchronous: nothing can be awaited in virtual time')
        }
        return result
      })
    } finally {
      restore()
    }
  }

  override flush(): void {
    this.maxFrames = this.#limit
    super.flush()
    this.#assertEnded()
  }

  override expectObservable<T>(observable: Observable<T>, subscription: string | null = null) {
    const { toBe, toEqual } = super.expectObservable(observable, subscription)
    const stated: Stated = {}
    this.#stated.push(stated)
    return {
      toBe(marbles: string, values?: unknown, error?: unknown): void {
        stated.at = new Error()
        toBe(marbles, values, error)
      },
      toEqual(other: Observable<T>): void {
        stated.at = new Error()
        toEqual(other)
      },
    }
  }

  override expectSubscriptions(logs: SubscriptionLogs) {
    const { toBe } = super.expectSubscriptions(logs)
    const stated: Stated = {}
    this.#stated.push(stated)
    return {
      toBe(marbles: string | string[]): void {
        stated.at = new Error()
        toBe(marbles)
      },
    }
  }

  #later(ms: number, callback: () => void): () => void {
    const action = this.schedule(callback, ms)
    return () => action.unsubscribe()
  }

  /** RxJS checks complete expectations in the order in which they were begun. */
  #nextStated(): Error | undefined {
    const index = this.#stated.findIndex(({ at }) => at)
    return this.#stated.splice(index, 1)[0]?.at
  }

  #assertEnded(): void {
    if (this.actions.length === 0) return
    const ended = `virtual time went past frame ${this.#limit}, and something is still scheduled`
    throw new Error(`${ended}: unsubscribe what repeats for ever, or raise maxFrames`)
  }
}
