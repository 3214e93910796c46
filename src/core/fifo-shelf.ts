import { Heap } from '../util/heap.js'
import { Ring } from '../util/ring.js'
import type { Entry } from './entry.js'
import type { Shelf } from './shelf.js'

/** First in, first out. What was given back stands, in its old order, before everything that was never out. */
export class FifoShelf<T> implements Shelf<T> {
  readonly #fresh = new Ring<Entry<T>>()
  readonly #returned = new Heap<Entry<T>>((a, b) => a.seq < b.seq)

  get length(): number {
    return this.#fresh.length + this.#returned.length
  }

  put(entry: Entry<T>): void {
    this.#fresh.push(entry)
  }

  take(): Entry<T> | undefined {
    return this.#fromReturned() ? this.#returned.shift() : this.#fresh.shift()
  }

  giveBack(entry: Entry<T>): void {
    this.#returned.push(entry)
  }

  peek(): Entry<T> | undefined {
    return this.#fromReturned() ? this.#returned.peek() : this.#fresh.peek()
  }

  /** An item put with a delay comes back here as well, and may be younger than what was put at once. */
  #fromReturned(): boolean {
    const returned = this.#returned.peek()
    const fresh = this.#fresh.peek()
    return returned !== undefined && (fresh === undefined || returned.seq < fresh.seq)
  }
}
