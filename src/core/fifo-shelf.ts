import { Heap } from '../util/heap.js'
import { Ring } from '../util/ring.js'
import type { Entry } from './entry.js'
import type { Shelf } from './shelf.js'

/**
 * First in, first out. What was given back stands, in its old order, before everything that was never out: it was taken before
 * that, so that it is older. What was put with a delay takes its place when that is over, as if it had been put then.
 */
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
    return this.#returned.shift() ?? this.#fresh.shift()
  }

  giveBack(entry: Entry<T>): void {
    this.#returned.push(entry)
  }

  peek(): Entry<T> | undefined {
    return this.#returned.peek() ?? this.#fresh.peek()
  }
}
