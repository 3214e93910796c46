/** A binary heap: `shift` gives the item that `before` puts first. Not stable by itself; compare a sequence number last. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get length(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  // Both ways first look, then move: a comparison that throws leaves the heap as it was.

  push(item: T): void {
    const items = this.#items
    let place = items.length
    while (place > 0 && this.#before(item, items[(place - 1) >> 1] as T)) place = (place - 1) >> 1
    for (let at = items.length; at > place; at = (at - 1) >> 1) items[at] = items[(at - 1) >> 1] as T
    items[place] = item
  }

  shift(): T | undefined {
    const items = this.#items
    if (items.length <= 1) return items.pop()
    const end = items.length - 1
    const last = items[end] as T
    let place = 0
    for (let child = 1; child < end; child = place * 2 + 1) {
      if (child + 1 < end && this.#before(items[child + 1] as T, items[child] as T)) child++
      if (!this.#before(items[child] as T, last)) break
      place = child
    }
    items.pop()
    // From the place of the last one to the top, everything moves up by one.
    let item = last
    for (let at = place; ; at = (at - 1) >> 1) {
      const above = items[at] as T
      items[at] = item
      item = above
      if (at === 0) return item
    }
  }

  clear(): void {
    this.#items.length = 0
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values()
  }
}
