import { clock } from '../util/clock.js'
import { Heap } from '../util/heap.js'
import type { Lease } from './entry.js'

const LONGEST_REST = 1000

interface Rest<T> {
  lease: Lease<T>
  until: number
  order: number
}

/**
 * Where failed items wait before they are handed out again, so that failing slows down and never spins: to the next
 * macrotask the first time, then 1, 2, 4 … ms, at most a second. For the store they are leased meanwhile.
 */
export class Rests<T> {
  readonly #resting = new Heap<Rest<T>>((a, b) => a.until < b.until || (a.until === b.until && a.order < b.order))
  readonly #release: (lease: Lease<T>) => void
  #cancel: (() => void) | undefined
  #wakesAt = Number.POSITIVE_INFINITY
  #order = 0

  constructor(release: (lease: Lease<T>) => void) {
    this.#release = release
  }

  get length(): number {
    return this.#resting.length
  }

  /** `ms`: how long, from the next macrotask on; by default, the longer the more often it failed. */
  add(lease: Lease<T>, ms = lease.attempt <= 1 ? 0 : Math.min(2 ** (lease.attempt - 2), LONGEST_REST)): void {
    this.#resting.push({ lease, until: clock.now() + ms, order: ++this.#order })
    this.#arm()
  }

  /** Ends all rests at once, and answers who rested, in the order of their release. */
  takeAll(): Lease<T>[] {
    this.#cancel?.()
    this.#cancel = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
    const leases: Lease<T>[] = []
    for (let rest = this.#resting.shift(); rest; rest = this.#resting.shift()) leases.push(rest.lease)
    return leases
  }

  #arm(): void {
    const first = this.#resting.peek()
    if (!first || first.until >= this.#wakesAt) return
    this.#cancel?.()
    this.#wakesAt = first.until
    const ms = first.until - clock.now()
    this.#cancel = ms <= 0 ? clock.soon(this.#wake) : clock.after(ms, this.#wake)
  }

  readonly #wake = (): void => {
    this.#wakesAt = Number.POSITIVE_INFINITY
    this.#cancel = undefined
    const now = clock.now()
    // What fails again while it is handed out below waits for the next macrotask.
    const newest = this.#order
    for (let first = this.#resting.peek(); first && first.until <= now; first = this.#resting.peek()) {
      if (first.order > newest) break
      this.#resting.shift()
      this.#release(first.lease)
    }
    this.#arm()
  }
}
