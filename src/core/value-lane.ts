import type { Lease } from './entry.js'
import { Lane, type Target } from './lane.js'
import type { Mailbox } from './mailbox.js'
import { Receipt, slot } from './receipt.js'

/** Passes values on, each with its receipt current while `next` runs: what sinks in that call stack store is what settles it. */
export class ValueLane<T> extends Lane<T> {
  readonly #target: Target<T>
  #spare: LaneReceipt<T> | undefined

  constructor(mailbox: Mailbox<T>, prefetch: number, target: Target<T>) {
    super(mailbox, prefetch)
    this.#target = target
  }

  accept(lease: Lease<T>): void {
    const receipt = this.#spare ?? new LaneReceipt<T>(this)
    this.#spare = undefined
    receipt.lease = lease
    this.out(lease)
    const before = slot.current
    slot.current = receipt
    try {
      this.#target.next(this.mailbox.handOver(lease))
    } catch (error) {
      receipt.spoil(error)
    } finally {
      slot.current = before
    }
    // Most items are stored, or consumed, by now: their receipt serves the next one.
    if (receipt.untouched) {
      this.#spare = receipt
      this.settled(lease)
    } else receipt.stored()
  }

  settled(lease: Lease<T>): void {
    this.mailbox.ack(lease)
    this.back(lease)
  }

  /** A sink failed: the item goes back, and the subscription ends. */
  spoiled(lease: Lease<T>, error: unknown): void {
    this.mailbox.nack(lease, { reason: error })
    this.back(lease)
    this.end(error)
  }

  end(error?: unknown): void {
    if (this.over) return
    this.unsubscribe()
    if (error === undefined) this.#target.complete()
    else this.#target.error(error)
  }
}

class LaneReceipt<T> extends Receipt {
  lease!: Lease<T>
  readonly #lane: ValueLane<T>

  constructor(lane: ValueLane<T>) {
    super()
    this.#lane = lane
  }

  /** Nobody joined, or all who did have stored, and nothing failed. */
  get untouched(): boolean {
    return this.idle
  }

  protected settled(): void {
    this.#lane.settled(this.lease)
  }

  protected spoiled(error: unknown): void {
    this.#lane.spoiled(this.lease, error)
  }
}
