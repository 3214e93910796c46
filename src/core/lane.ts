import type { Lease } from './entry.js'
import type { Mailbox } from './mailbox.js'
import type { Taker } from './taker.js'

/** What a lane passes on to; an rxjs Subscriber is one. */
export interface Target<V> {
  next(value: V): void
  error(error: unknown): void
  complete(): void
}

/** Items out at once with one subscription. */
export const PREFETCH = 256

/** A subscription's window on a mailbox: never more than `prefetch` items, or an eighth of its bytes, out and not settled. */
export abstract class Lane<T> implements Taker<T> {
  readonly mailbox: Mailbox<T>
  readonly prefetch: number
  readonly #byteWindow: number
  unsettled = 0
  /** Of these, held by operators that wait for more before they pass anything on. */
  held = 0
  protected over = false
  #bytes = 0

  constructor(mailbox: Mailbox<T>, prefetch: number) {
    this.mailbox = mailbox
    this.prefetch = prefetch
    this.#byteWindow = mailbox.store.byteCapacity / 8
  }

  get demand(): number {
    return this.over || this.#bytes >= this.#byteWindow ? 0 : this.prefetch - this.unsettled
  }

  /** All that is out is held back by operators that wait for more, and no more can come: they must go on with what they have. */
  get starved(): boolean {
    if (this.demand <= 0 && this.held >= this.unsettled) return true
    const { store } = this.mailbox
    const full = store.ready + store.delayed + store.leased >= store.capacity
    return full && store.ready === 0 && this.held >= store.leased
  }

  /** No longer a subscription: ended, or unsubscribed. */
  get isOver(): boolean {
    return this.over
  }

  abstract accept(lease: Lease<T>): void

  abstract end(error?: unknown): void

  /** No more items, ever: the subscriber has gone. What it was handed stays out until it is settled. */
  unsubscribe(): void {
    this.over = true
    this.mailbox.leave(this)
  }

  protected out(lease: Lease<T>): void {
    this.unsettled++
    this.#bytes += lease.bytes
  }

  protected back(lease: Lease<T>): void {
    const wanted = this.demand > 0
    this.unsettled--
    this.#bytes -= lease.bytes
    if (!wanted && this.demand > 0) this.mailbox.want(this)
  }
}
