import { optionError } from '../errors/option-error.js'
import { clock } from '../util/clock.js'
import { onAbort } from '../util/on-abort.js'

export interface WaitOptions {
  /** Milliseconds; 0 tries once. Without it the wait has no end. */
  timeout?: number
  signal?: AbortSignal
}

export function checkWait(o: WaitOptions | undefined): void {
  if (o?.timeout !== undefined && !(typeof o.timeout === 'number' && o.timeout >= 0)) {
    throw optionError('timeout', 'a number of milliseconds, 0 or more', o.timeout)
  }
  o?.signal?.throwIfAborted()
}

/** One promise that ends once: by a result, an error, its timeout or its signal. Clears up behind itself whichever comes first. */
export class Wait<R> {
  readonly promise: Promise<R>
  ended = false
  readonly #leave: (reason: unknown) => boolean | void
  #resolve!: (result: R) => void
  #reject!: (reason: unknown) => void
  #cancelTimer: (() => void) | undefined
  #forget: (() => void) | undefined

  /**
   * `leave` is called when the timeout or the signal ends the wait, so that its place in line is given up. True: it is too
   * late for that to be certain, and whoever waits ends the wait when it is.
   */
  constructor(o: WaitOptions | undefined, timedOut: () => Error, leave: (reason: unknown) => boolean | void) {
    this.#leave = leave
    this.promise = new Promise<R>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (o?.timeout !== undefined && o.timeout !== Number.POSITIVE_INFINITY) {
      this.#cancelTimer = clock.after(o.timeout, () => this.giveUp(timedOut()))
    }
    const signal = o?.signal
    if (signal) {
      this.#forget = onAbort(signal, () => this.giveUp(signal.reason))
    }
  }

  giveUp(reason: unknown): void {
    if (!this.ended && this.#leave(reason) !== true) this.reject(reason)
  }

  resolve(result: R): void {
    this.#end()
    this.#resolve(result)
  }

  reject(reason: unknown): void {
    this.#end()
    this.#reject(reason)
  }

  /** The result is certain, only late: from here on neither timeout nor signal can end the wait. */
  commit(): void {
    this.#cancelTimer?.()
    this.#forget?.()
  }

  #end(): void {
    this.ended = true
    this.commit()
  }
}
