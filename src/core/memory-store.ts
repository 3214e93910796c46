import { Heap } from '../util/heap.js'
import type { Entry, Lease } from './entry.js'
import type { Shelf } from './shelf.js'
import type { Store } from './store.js'

const NONE: readonly never[] = []

/** Keeps items in this process, by reference: synchronous, free of promises and timers, so that it runs in virtual time. */
export class MemoryStore<T> implements Store<T> {
  readonly kind: string
  readonly capacity: number
  readonly byteCapacity: number
  readonly stride = 1
  readonly ticket = 0
  readonly priorities: boolean
  leased = 0
  /** Of everything held, ready, delayed and leased, where entries carry their size. */
  bytes = 0
  shut = false
  readonly #shelf: Shelf<T>
  readonly #delayed = new Heap<Entry<T>>((a, b) => a.due < b.due || (a.due === b.due && a.seq < b.seq))
  /** Taking one at a time, which is the rule, makes no array. */
  readonly #single: Entry<T>[] = []
  #seq = 0
  #closed = false

  constructor(kind: string, shelf: Shelf<T>, capacity: number, byteCapacity = Number.POSITIVE_INFINITY) {
    this.kind = kind
    this.#shelf = shelf
    this.priorities = shelf.priorities ?? false
    this.capacity = capacity
    this.byteCapacity = byteCapacity
  }

  get ready(): number {
    return this.#shelf.length
  }

  get delayed(): number {
    return this.#delayed.length
  }

  get nextDue(): number {
    return this.#delayed.peek()?.due ?? Number.POSITIVE_INFINITY
  }

  /** Nobody else changes a store in memory. */
  listen(): void {}

  offer(entries: readonly Entry<T>[]): boolean {
    if (this.#shelf.length + this.#delayed.length + this.leased + entries.length > this.capacity) return false
    for (const entry of entries) {
      entry.seq = ++this.#seq
      this.bytes += entry.bytes
      if (entry.due > 0) this.#delayed.push(entry)
      else this.#shelf.put(entry)
    }
    return true
  }

  lend(entry: Entry<T>): Lease<T> | undefined {
    if (this.#shelf.length > 0 || this.#delayed.length > 0 || this.leased >= this.capacity) return
    entry.seq = ++this.#seq
    this.bytes += entry.bytes
    entry.leased = true
    this.leased++
    return entry
  }

  take(max: number, now: number): readonly Lease<T>[] {
    if (this.#delayed.length > 0) this.#promote(now)
    const first = max > 0 ? this.#shelf.take() : undefined
    if (!first) return NONE
    first.leased = true
    this.leased++
    const taken = max === 1 ? this.#single : []
    taken[0] = first
    for (let count = 1; count < max; count++) {
      const entry = this.#shelf.take()
      if (!entry) break
      entry.leased = true
      this.leased++
      taken.push(entry)
    }
    return taken
  }

  ack(lease: Lease<T>): boolean {
    if (!this.#release(lease as Entry<T>)) return false
    this.bytes -= lease.bytes
    return true
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    const entry = lease as Entry<T>
    if (!this.#release(entry)) return false
    if (due > 0) {
      entry.returnUntil(due)
      this.#delayed.push(entry)
    } else this.#shelf.giveBack(entry)
    return true
  }

  peek(now: number): T | undefined {
    this.#promote(now)
    return this.#shelf.peek()?.value
  }

  shutdown(): void {
    this.shut = true
  }

  reopen(): void {
    this.shut = false
  }

  clear(): T[] {
    const values: T[] = []
    for (;;) {
      const entry = this.#shelf.take() ?? this.#delayed.shift()
      if (!entry) return values
      this.bytes -= entry.bytes
      values.push(entry.value)
    }
  }

  close(): void {
    this.#closed = true
    this.clear()
    this.leased = 0
  }

  #release(entry: Entry<T>): boolean {
    if (!entry.leased || this.#closed) return false
    entry.leased = false
    this.leased--
    return true
  }

  #promote(now: number): void {
    for (let first = this.#delayed.peek(); first && first.due <= now; first = this.#delayed.peek()) {
      this.#delayed.shift()
      first.due = 0
      if (first.returned) this.#shelf.giveBack(first)
      else {
        // Put with a delay: it joins the line when its time has come.
        first.seq = ++this.#seq
        this.#shelf.put(first)
      }
    }
  }
}
