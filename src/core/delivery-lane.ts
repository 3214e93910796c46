import { QueueLinkError } from '../errors/queue-link-error.js'
import { type Delivery, type DeliveryOwner, LeasedDelivery } from './delivery.js'
import type { Lease } from './entry.js'
import { Lane, type Target } from './lane.js'
import type { Mailbox, NackOutcome } from './mailbox.js'
import { slot } from './receipt.js'

/** Passes deliveries on; each is out until it is settled by hand. */
export class DeliveryLane<T> extends Lane<T> implements DeliveryOwner<T> {
  readonly #target: Target<Delivery<T>>

  constructor(mailbox: Mailbox<T>, prefetch: number, target: Target<Delivery<T>>) {
    super(mailbox, prefetch, target)
    this.#target = target
  }

  accept(lease: Lease<T>): void {
    this.out(lease)
    this.hand(lease)
  }

  /** Passes on what is out. */
  protected hand(lease: Lease<T>): void {
    const before = slot.current
    // Sinks must not take this item for the one whose receipt happens to be current further up the stack.
    slot.current = undefined
    try {
      this.#target.next(this.deliver(lease))
    } catch (error) {
      this.nackedOne(lease, this.mailbox.nack(lease, { reason: error }), error)
      this.end(error)
    } finally {
      slot.current = before
    }
  }

  protected deliver(lease: Lease<T>): LeasedDelivery<T> {
    return new LeasedDelivery(lease, this)
  }

  settledOne(lease: Lease<T>): void {
    this.back(lease)
  }

  nackedOne(lease: Lease<T>, outcome: NackOutcome, reason: unknown): void {
    this.back(lease)
    if (outcome === 'exhausted') this.end(reason ?? usedUp(this.mailbox, lease))
  }
}

function usedUp<T>({ name }: Mailbox<T>, { attempt }: Lease<T>): QueueLinkError {
  return new QueueLinkError(
    `an item of ${name} failed ${attempt} times, and no reason was given; it stays in the queue`,
    'ERR_ATTEMPTS',
  )
}
