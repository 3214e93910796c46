import type { Entry } from '../../core/entry.js'
import type { Shelf } from '../../core/shelf.js'
import { Heap } from '../../util/heap.js'

/** The lowest `priority` first, then what `compare` puts first, then first in, first out. */
export class PriorityShelf<T> implements Shelf<T> {
  readonly priorities = true
  readonly #heap: Heap<Entry<T>>

  constructor(compare: (a: T, b: T) => number) {
    this.#heap = new Heap((a, b) => {
      const order = a.priority - b.priority || compare(a.value, b.value) || a.seq - b.seq
      return order < 0
    })
  }

  get length(): number {
    return this.#heap.length
  }

  put(entry: Entry<T>): void {
    this.#heap.push(entry)
  }

  take(): Entry<T> | undefined {
    return this.#heap.shift()
  }

  /** Its `seq` says where it stands among its equals. */
  giveBack(entry: Entry<T>): void {
    this.#heap.push(entry)
  }

  peek(): Entry<T> | undefined {
    return this.#heap.peek()
  }
}
