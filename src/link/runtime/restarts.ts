import { clock } from '../../util/clock.js'

const LONGEST_BACKOFF = 5000

/** When a child that died is started again. */
export interface Restarting {
  /** Restarts so far. */
  readonly count: number
  /** Calls back when it is time; answers after how many ms, or undefined when there were too many. */
  next(callback: () => void): number | undefined
  /** A child works. */
  progressed(): void
  cancel(): void
}

/** How often a child may be started again, and how long to wait before: twice as long each time, until one makes progress. */
export class Restarts implements Restarting {
  count = 0
  readonly #max: number
  readonly #backoff: number
  #inARow = 0
  #cancel: (() => void) | undefined

  /** `max` restarts in a row without progress; `backoff`: ms before the first. */
  constructor({ max, backoff }: { max: number; backoff: number }) {
    this.#max = max
    this.#backoff = backoff
  }

  next(callback: () => void): number | undefined {
    if (this.#inARow >= this.#max) return undefined
    const ms = Math.min(this.#backoff * 2 ** this.#inARow++, LONGEST_BACKOFF)
    this.count++
    this.#cancel = clock.after(ms, callback)
    return ms
  }

  progressed(): void {
    this.#inARow = 0
  }

  cancel(): void {
    this.#cancel?.()
  }
}
