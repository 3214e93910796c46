import type { Lease } from './entry.js'
import type { Mailbox } from './mailbox.js'
import { slot } from './receipt.js'
import type { Taker } from './taker.js'

/** How a lane tells that nothing more will come. */
export interface TargetEnd {
  error(error: unknown): void
  complete(): void
  /** The user closed the handle. Where it is missing, `complete` hears of it. */
  letGo?(error: unknown): void
}

/** What a lane passes on to; an rxjs Subscriber is one. */
export interface Target<V> extends TargetEnd {
  next(value: V): void
}

/** Items out at once with one subscription. */
export const PREFETCH = 256

/** A subscription's window on a mailbox: never more than `prefetch` items, or an eighth of its bytes, out and not settled. */
export abstract class Lane<T> implements Taker<T> {
  readonly mailbox: Mailbox<T>
  readonly prefetch: number
  readonly #byteWindow: number
  readonly #ends: TargetEnd
  unsettled = 0
  protected over = false
  #held = 0
  #bytes = 0

  constructor(mailbox: Mailbox<T>, prefetch: number, ends: TargetEnd) {
    this.mailbox = mailbox
    this.prefetch = prefetch
    this.#ends = ends
    this.#byteWindow = mailbox.store.byteCapacity / 8
  }

  get demand(): number {
    return this.over || this.#bytes >= this.#byteWindow ? 0 : this.room - this.unsettled
  }

  /** Items that may be out at once. */
  protected get room(): number {
    return this.prefetch
  }

  /** Of what is unsettled, held back by operators that wait for more before they pass anything on. */
  get held(): number {
    return this.#held
  }

  set held(count: number) {
    const raised = count > this.#held
    this.#held = count
    if (raised) this.mailbox.review()
  }

  /**
   * Operators that wait for more must go on with what they have: all that is out with this lane is held back, and either
   * its window is full, or the store has nothing to give and can take nothing in. What others have out is not asked for:
   * they may hold it back as well, and going on too early does no harm.
   */
  #isStarved(): boolean {
    if (this.#held === 0 || this.#held < this.unsettled) return false
    if (this.demand <= 0) return true
    const { store, line } = this.mailbox
    if (store.ready > 0) return false
    if (store.shut) return store.delayed === 0
    // A batch in line may be too large for the room there is.
    return line.length > 0 || (store.full ?? store.ready + store.delayed + store.leased >= store.capacity)
  }

  whenStarved(callback: () => void): () => void {
    return this.mailbox.when(() => this.#isStarved(), callback)
  }

  /** No longer a subscription: ended, or unsubscribed. */
  get isOver(): boolean {
    return this.over
  }

  abstract accept(lease: Lease<T>): void

  end(error?: unknown): void {
    this.#end(ends => (error === undefined ? ends.complete() : ends.error(error)))
  }

  letGo(error: unknown): void {
    this.#end(ends => (ends.letGo ? ends.letGo(error) : ends.complete()))
  }

  /** Its window has room for the bytes of all of them. */
  protected fits(leases: readonly Lease<T>[]): boolean {
    let bytes = this.#bytes
    for (const lease of leases) bytes += lease.bytes
    return bytes <= this.#byteWindow
  }

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
    // Whoever waits for a lane that takes no more, or for one that is starved, looks again.
    if (this.#held > 0 || this.over) this.mailbox.review()
  }

  #end(tell: (ends: TargetEnd) => void): void {
    if (this.over) return
    this.unsubscribe()
    // The end belongs to no item: not to the one whose receipt happens to be current further up the stack.
    const before = slot.current
    slot.current = undefined
    try {
      tell(this.#ends)
    } finally {
      slot.current = before
    }
  }
}
