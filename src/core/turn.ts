import { clock } from '../util/clock.js'

/** A store whose items come from elsewhere could keep its reader busy for ever: the event loop runs after so many items … */
const ITEMS = 1024
/** … or so many ms. */
const MS = 5

/** What a mailbox may do in one turn of the event loop, and what has to wait for the next. */
export class Turn {
  readonly #next: () => void
  #frozen = Number.POSITIVE_INFINITY
  #left = ITEMS
  #ends = 0
  #spending = false
  /** Enough was handed over: the rest waits for the next turn. */
  paused = false

  /** `next` is called in the turn after a freeze or a pause. */
  constructor(next: () => void) {
    this.#next = next
  }

  /** The time by which things fall due. */
  now(): number {
    return Math.min(clock.now(), this.#frozen)
  }

  /** Lets no time pass until the next turn, so that what is nacked now does not fall due before. */
  freeze(): void {
    if (this.#frozen !== Number.POSITIVE_INFINITY) return
    this.#frozen = clock.now()
    clock.soon(() => {
      this.#frozen = Number.POSITIVE_INFINITY
      this.#next()
    })
  }

  /** Counts what was handed over; may pause, and does where the store is `spent`. */
  spend(count: number, spent = false): void {
    if (!this.#spending) {
      this.#spending = true
      this.#left = ITEMS
      this.#ends = clock.now() + MS
      clock.soon(this.#over)
    }
    this.#left -= count
    if (this.#left <= 0 || spent || clock.now() >= this.#ends) this.paused = true
  }

  /** Counts what callers took that never let the event loop run by themselves: those who can wait then do. */
  count(count: number, spent = false): void {
    this.#left -= count
    if (this.paused || !(spent || this.#left <= 0)) return
    this.paused = true
    this.#left = ITEMS
    if (!this.#spending) clock.soon(this.#over)
    this.#spending = true
  }

  readonly #over = (): void => {
    this.#spending = false
    if (!this.paused) return
    this.paused = false
    this.#next()
  }
}
