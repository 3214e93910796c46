import { type Delivery, LeasedDelivery } from '../core/delivery.js'
import { DeliveryLane } from '../core/delivery-lane.js'
import type { Lease } from '../core/entry.js'
import { nackNow } from '../core/inner-delivery.js'
import type { TargetEnd } from '../core/lane.js'
import type { Mailbox } from '../core/mailbox.js'
import type { NackOutcome } from '../core/nack.js'
import { ValueLane } from '../core/value-lane.js'

/** A link's window on a source, which knows what is out, so that a link that lets go can give all of it back. */
export type SourceLane = ValueSourceLane | DeliverySourceLane

/** For links without `each`. */
export class ValueSourceLane extends ValueLane<unknown> {
  /** Items settled for good. */
  moved = 0
  readonly #out = new Set<Lease<unknown>>()
  #stayedOut = false

  constructor(mailbox: Mailbox<unknown>, prefetch: number, next: (value: unknown) => void, end: TargetEnd) {
    super(mailbox, prefetch, { ...end, next })
  }

  override accept(lease: Lease<unknown>): void {
    this.#stayedOut = false
    super.accept(lease)
    if (!this.#stayedOut) this.moved++
  }

  override settled(lease: Lease<unknown>): void {
    if (!this.#out.delete(lease)) return
    this.moved++
    super.settled(lease)
  }

  override spoiled(lease: Lease<unknown>, error: unknown): void {
    if (this.#out.delete(lease)) super.spoiled(lease, error)
  }

  /** Gives back what is out. What becomes of it in sinks from here on changes nothing. */
  giveBack(): void {
    const out = [...this.#out]
    this.#out.clear()
    for (const lease of out) {
      this.mailbox.giveBack(lease, 0)
      this.back(lease)
    }
  }

  /** Only of items that are not settled when the call that brings them returns. */
  protected override out(lease: Lease<unknown>): void {
    this.#stayedOut = true
    this.#out.add(lease)
    super.out(lease)
  }
}

/** For links with `each`. */
export class DeliverySourceLane extends DeliveryLane<unknown> {
  /** Items settled for good. */
  moved = 0
  readonly #taking: { lease?: Lease<unknown> }
  readonly #out: Map<Lease<unknown>, LeasedDelivery<unknown>>

  constructor(
    mailbox: Mailbox<unknown>,
    prefetch: number,
    next: (delivery: Delivery<unknown>) => void,
    end: TargetEnd,
  ) {
    const taking: { lease?: Lease<unknown> } = {}
    const out = new Map<Lease<unknown>, LeasedDelivery<unknown>>()
    super(mailbox, prefetch, {
      ...end,
      next: delivery => {
        if (taking.lease && delivery instanceof LeasedDelivery) out.set(taking.lease, delivery)
        next(delivery)
      },
    })
    this.#taking = taking
    this.#out = out
  }

  override accept(lease: Lease<unknown>): void {
    this.#taking.lease = lease
    super.accept(lease)
  }

  override settledOne(lease: Lease<unknown>): void {
    const delivery = this.#out.get(lease)
    this.#out.delete(lease)
    // One that was released counts as never handed over.
    if (delivery && lease.attempt >= delivery.attempt) this.moved++
    super.settledOne(lease)
  }

  override nackedOne(lease: Lease<unknown>, outcome: NackOutcome, reason: unknown): void {
    this.#out.delete(lease)
    super.nackedOne(lease, outcome, reason)
  }

  /** Gives back what is out. What a handler makes of it from here on changes nothing. */
  giveBack(): void {
    for (const delivery of [...this.#out.values()]) nackNow(delivery, { delay: 0 })
  }
}
