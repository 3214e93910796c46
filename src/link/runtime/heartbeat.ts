/** How often a child is asked within the time that it has to answer. */
const BEATS = 4
/** So many times as long it may take until it answers for the first time: loading its modules takes a while. */
const START = 10

/**
 * Asks again and again whether the other end is there. Only beats that this process itself was awake for count, so that
 * neither a suspended machine nor a busy parent makes a child look dead.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout | undefined
  #unanswered = 0
  #allowed = BEATS * START

  /** `ms` without an answer, and `silent` is called, once. Infinity: never. */
  constructor(ms: number, ask: () => void, silent: () => void) {
    if (ms === Number.POSITIVE_INFINITY) return
    this.#timer = setInterval(() => {
      if (this.#unanswered++ < this.#allowed) ask()
      else {
        this.stop()
        silent()
      }
    }, ms / BEATS)
    this.#timer.unref()
  }

  answered(): void {
    this.#unanswered = 0
    this.#allowed = BEATS
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
