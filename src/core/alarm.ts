import { clock } from '../util/clock.js'

/** One timer for the earliest of many times. */
export class Alarm {
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(ring: () => void) {
    this.#ring = ring
  }

  get isSet(): boolean {
    return this.#cancel !== undefined
  }

  /** Rings at that time (clock ms) and at no other; Infinity: not at all. */
  set(at: number): void {
    if (at === this.#at) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#cancel = clock.after(Math.max(0, at - clock.now()), () => {
      this.#cancel = undefined
      this.#at = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  off(): void {
    this.set(Number.POSITIVE_INFINITY)
  }
}
