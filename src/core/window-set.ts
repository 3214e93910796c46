import type { Delivery, Window } from './delivery.js'
import { windowOf } from './inner-delivery.js'

/** The windows of several deliveries as one: of one lane as a rule, of several where streams are merged. */
export class WindowSet implements Window {
  readonly #counts: ReadonlyMap<Window, number>
  #held = 0

  private constructor(counts: ReadonlyMap<Window, number>) {
    this.#counts = counts
  }

  /** Undefined if none of the deliveries has a window. */
  static of(deliveries: readonly Delivery<unknown>[]): WindowSet | undefined {
    const counts = new Map<Window, number>()
    for (const delivery of deliveries) {
      const window = windowOf(delivery)
      if (window) counts.set(window, (counts.get(window) ?? 0) + 1)
    }
    return counts.size > 0 ? new WindowSet(counts) : undefined
  }

  get held(): number {
    return this.#held
  }

  /** Whoever holds the one holds all. */
  set held(count: number) {
    const change = count - this.#held
    this.#held = count
    for (const [window, weight] of this.#counts) window.held += change * weight
  }

  /** Those of one window cannot wait for what another may still bring. */
  whenStarved(callback: () => void): () => void {
    let over = false
    const cancels: (() => void)[] = []
    const stop = (): void => {
      over = true
      for (const cancel of cancels) cancel()
    }
    for (const window of this.#counts.keys()) {
      if (over) break
      cancels.push(
        window.whenStarved(() => {
          if (over) return
          stop()
          callback()
        }),
      )
    }
    return stop
  }
}
