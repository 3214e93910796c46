import type { Taker } from './taker.js'

/** No store holds as many. */
const MOST = 2 ** 48

/** Everybody who would accept an item now, served in turn. */
export class Takers<T> {
  readonly #wanting = new Set<Taker<T>>()
  /** Kept at hand: asking a Set for its first member costs more than moving an item. */
  #first: Taker<T> | undefined
  /** Read for every item; a plain field is cheaper than a Set's size. */
  length = 0

  add(taker: Taker<T>): void {
    this.#wanting.add(taker)
    this.length = this.#wanting.size
  }

  delete(taker: Taker<T>): void {
    if (!this.#wanting.delete(taker)) return
    if (this.#first === taker) this.#first = undefined
    this.length--
  }

  /** How many items all of them together would accept; finite, since others reckon with it. */
  get demand(): number {
    let demand = 0
    for (const taker of this.#wanting) demand += Math.max(0, taker.appetite ?? taker.demand)
    return Math.min(demand, MOST)
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

  /** The taker was given nothing. True: it has no room now, whatever it said before, and somebody else who has is the first. */
  declined(taker: Taker<T>): boolean {
    if (taker.demand > 0) return false
    for (const other of this.#wanting) {
      if (other.demand <= 0) continue
      this.#first = other
      return true
    }
    return false
  }

  /** The taker was given something: it goes to the end of the turn, or out when it has enough. */
  served(taker: Taker<T>): void {
    const more = taker.demand > 0
    if (more && this.length <= 1) return
    const stays = more && this.#wanting.has(taker)
    this.delete(taker)
    if (stays) this.add(taker)
  }
}
