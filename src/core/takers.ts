import type { Taker } from './taker.js'

/** Everybody who would accept an item now, served in turn. */
export class Takers<T> {
  readonly #wanting = new Set<Taker<T>>()
  /** Kept at hand: asking a Set for its first member costs more than moving an item. */
  #first: Taker<T> | undefined

  get length(): number {
    return this.#wanting.size
  }

  add(taker: Taker<T>): void {
    this.#wanting.add(taker)
  }

  delete(taker: Taker<T>): void {
    if (this.#wanting.delete(taker) && this.#first === taker) this.#first = undefined
  }

  /** The next in turn; undefined when nobody wants anything. */
  first(): Taker<T> | undefined {
    if (this.#first) return this.#first
    for (const taker of this.#wanting) {
      this.#first = taker
      break
    }
    return this.#first
  }

  /** The taker was served: it goes to the end of the turn, or out when it has enough. */
  served(taker: Taker<T>): void {
    if (taker.demand > 0 && this.#wanting.size <= 1) return
    const stays = taker.demand > 0 && this.#wanting.has(taker)
    this.delete(taker)
    if (stays) this.#wanting.add(taker)
  }
}
