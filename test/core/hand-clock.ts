import { type Clock, useClock } from '#src/util/clock'

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** A clock that stands still until it is told to go on; as in Node, timers of one time ring in the order of their setting. */
export class HandClock implements Clock {
  readonly #timers = new Set<Timer>()
  #soon = new Set<() => void>()
  #now = 1_000_000
  #order = 0

  /** Runs the body, a synchronous one, by such a clock. */
  static run(body: (clock: HandClock) => void): void {
    const clock = new HandClock()
    const restore = useClock(clock)
    try {
      body(clock)
    } finally {
      restore()
    }
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, order: ++this.#order, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  soon(callback: () => void): () => void {
    const once = () => callback()
    this.#soon.add(once)
    return () => this.#soon.delete(once)
  }

  /** Milliseconds from now to each timer, the next one first. */
  get timers(): number[] {
    return [...this.#timers].map(({ at }) => at - this.#now).sort((a, b) => a - b)
  }

  /** How many wait for the next macrotask. */
  get waiting(): number {
    return this.#soon.size
  }

  /** Time goes by within the turn: nothing rings. */
  spend(ms: number): void {
    this.#now += ms
  }

  /** The next macrotask. */
  turn(): void {
    const due = this.#soon
    this.#soon = new Set()
    for (const callback of due) callback()
  }

  /** Lets so much time pass, with a turn before and one after each timer. */
  pass(ms: number): void {
    const end = this.#now + ms
    this.turn()
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order)
      if (!next || next.at > end) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      this.turn()
    }
    this.#now = end
  }
}
