import type { Entry } from '../../core/entry.js'
import type { Shelf } from '../../core/shelf.js'
import { Heap } from '../../util/heap.js'

/** Last in, first out. What was given back stands under everything younger. */
export class LifoShelf<T> implements Shelf<T> {
  readonly #fresh: Entry<T>[] = []
  readonly #returned = new Heap<Entry<T>>((a, b) => a.seq > b.seq)

  get length(): number {
    return this.#fresh.length + this.#returned.length
  }

  put(entry: Entry<T>): void {
    this.#fresh.push(entry)
  }

  take(): Entry<T> | undefined {
    return this.#fromReturned() ? this.#returned.shift() : this.#fresh.pop()
  }

  giveBack(entry: Entry<T>): void {
    this.#returned.push(entry)
  }

  peek(): Entry<T> | undefined {
    return this.#fromReturned() ? this.#returned.peek() : this.#fresh.at(-1)
  }

  #fromReturned(): boolean {
    const returned = this.#returned.peek()
    const fresh = this.#fresh.at(-1)
    return returned !== undefined && (fresh === undefined || returned.seq > fresh.seq)
  }
}
