/** A double-ended ring buffer that grows by doubling and halves when a drained burst leaves it mostly empty. */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array<T | undefined>(16)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2)
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    if (this.#slots.length > 1024 && this.#length < this.#slots.length / 4) this.#resize(this.#slots.length / 2)
    return item
  }

  pop(): T | undefined {
    if (this.#length === 0) return undefined
    const at = (this.#head + --this.#length) & (this.#slots.length - 1)
    const item = this.#slots[at]
    this.#slots[at] = undefined
    return item
  }

  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(16)
    this.#head = 0
    this.#length = 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#length; i++) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T
  }

  #resize(size: number): void {
    const next = new Array<T | undefined>(size)
    for (let i = 0; i < this.#length; i++) next[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)]
    this.#slots = next
    this.#head = 0
  }
}
