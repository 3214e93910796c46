import type { Store } from './store.js'

/** Tells a store what the users of its handle wait for, whenever that changes. */
export class Attention<T> {
  readonly #store: Store<T>
  readonly #demand: () => number
  #items = false
  #room = false
  #rest = false

  constructor(store: Store<T>, demand: () => number) {
    this.#store = store
    this.#demand = demand
  }

  turn(items: boolean, room: boolean, rest: boolean): void {
    if (items === this.#items && room === this.#room && rest === this.#rest) return
    this.#items = items
    this.#room = room
    this.#rest = rest
    this.#store.attend?.({ items, room, rest }, this.#demand)
  }
}
