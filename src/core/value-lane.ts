import type { Lease } from './entry.js'
import { Lane, type Target } from './lane.js'
import type { Mailbox } from './mailbox.js'
import { Receipt, slot } from './receipt.js'

/** Passes values on, each with its receipt current while `next` runs: what sinks in that call stack store is what settles it. */
export class ValueLane<T> extends Lane<T> {
  readonly #target: Target<T>
  #spare: LaneReceipt<T> | undefined

  constructor(mailbox: Mailbox<T>, prefetch: number, target: Target<T>) {
    super(mailbox, prefetch, target)
    this.#target = target
  }

  accept(lease: Lease<T>): void {
    const receipt = this.#spare ?? new LaneReceipt<T>(this)
    this.#spare = undefined
    const before = slot.current
    slot.current = receipt
    try {
      this.#target.next(this.mailbox.handOver(lease))
    } catch (error) {
      receipt.spoil(error)
    } finally {
      slot.current = before
    }
    // Most items are stored, or consumed, by now: they were never out, and their receipt serves the next one.
    if (receipt.untouched) {
      this.#spare = receipt
      this.mailbox.ack(lease)
    } else {
      this.out(lease)
      receipt.passedOn(lease)
    }
  }

  settled(lease: Lease<T>): void {
    this.mailbox.ack(lease)
    this.back(lease)
  }

  /** A sink failed: the item goes back. */
  spoiled(lease: Lease<T>, error: unknown): void {
    this.mailbox.nack(lease, { reason: error })
    this.back(lease)
  }
}

class LaneReceipt<T> extends Receipt {
  /** Known only once `next` has returned, for nothing settles before: writing it for each item costs more than it seems. */
  #lease: Lease<T> | undefined
  #cause: { readonly error: unknown } | undefined
  readonly #lane: ValueLane<T>

  constructor(lane: ValueLane<T>) {
    super()
    this.#lane = lane
  }

  /** Nobody joined, or all who did have stored, and nothing failed. */
  get untouched(): boolean {
    return this.idle
  }

  /** The failure of one sink ends the subscription at once, while the item waits for what the others make of it. */
  override spoil(error: unknown): void {
    super.spoil(error)
    this.#cause ??= { error }
    // An end in the midst of `next` would overtake the item.
    if (this.#lease) this.#lane.end(this.#cause.error)
  }

  /** `next` has returned, and the item is still out. */
  passedOn(lease: Lease<T>): void {
    this.#lease = lease
    this.stored()
    if (this.#cause) this.#lane.end(this.#cause.error)
  }

  protected settled(): void {
    this.#lane.settled(this.#lease as Lease<T>)
  }

  protected spoiled(error: unknown): void {
    this.#lane.spoiled(this.#lease as Lease<T>, error)
  }
}
