import { LeaseLostError } from '../errors/lease-lost-error.js'
import type { Headers, Lease } from './entry.js'
import type { Mailbox, NackOptions, NackOutcome } from './mailbox.js'

/** An item on its way. It leaves its queue for good with `ack`, and goes back with `nack`. */
export interface Delivery<T> {
  readonly value: T
  /** The same for every delivery of one item. */
  readonly id: string
  /** Hand-overs of the item to user code, this one included: 1 at first. */
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly enqueuedAt: number
  readonly headers: Headers
  /** Rejects with LeaseLostError, and changes nothing, if the delivery was settled before or its lease has passed on. */
  ack(): Promise<void>
  /** Gives the item back, by default to rest from the next macrotask on, then 1, 2, 4 … ms. Rejects as `ack` does. */
  nack(o?: NackOptions): Promise<void>
}

/** How operators that hold deliveries back know when they must not wait any longer. */
export interface Window {
  /** Deliveries held back to wait for more. Who raises it for a delivery lowers it when it passes that on. */
  held: number
  /**
   * Calls back once, maybe within the call, when all that is out is held back and no more can come before some of it is settled;
   * the answer cancels.
   */
  whenStarved(callback: () => void): () => void
}

/** Where a delivery carries its window; absent on deliveries that no window bounds. */
export const WINDOW = Symbol.for('queuelink.window')

/** Where a delivery of a joinable queue carries what handlers must run inside, so that a `join()` in one is known as a deadlock. */
export const HANDLING = Symbol.for('queuelink.handling')

/** Where a delivery of a queue that encodes carries the encoded size of its item. */
export const BYTES = Symbol.for('queuelink.bytes')

export type Handling = <R>(handler: () => R) => R

const SETTLED = Promise.resolve()

/** Hears from a delivery when its item is out no longer. */
export interface DeliveryOwner<T> extends Window {
  readonly mailbox: Mailbox<T>
  settledOne(lease: Lease<T>): void
  nackedOne(lease: Lease<T>, outcome: NackOutcome, reason: unknown): void
}

export class LeasedDelivery<T> implements Delivery<T> {
  readonly value: T
  readonly attempt: number
  readonly #lease: Lease<T>
  readonly #owner: DeliveryOwner<T>
  #settled = false

  constructor(lease: Lease<T>, owner: DeliveryOwner<T>) {
    this.value = owner.mailbox.handOver(lease)
    this.attempt = lease.attempt
    this.#lease = lease
    this.#owner = owner
  }

  get isSettled(): boolean {
    return this.#settled
  }

  get origin(): Delivery<unknown> {
    return this
  }

  get id(): string {
    return `${this.#owner.mailbox.name}#${this.#lease.seq}`
  }

  get enqueuedAt(): number {
    return this.#lease.enqueuedAt
  }

  get headers(): Headers {
    return this.#lease.headers
  }

  get [WINDOW](): Window {
    return this.#owner
  }

  get [HANDLING](): Handling | undefined {
    return this.#owner.mailbox.handling
  }

  get [BYTES](): number {
    return this.#lease.bytes
  }

  ack(): Promise<void> {
    return this.settle() ? SETTLED : this.#lost('ack')
  }

  /** `ack` without a promise: false if it came too late. */
  settle(): boolean {
    if (this.#settled) {
      this.#owner.mailbox.metrics.lateSettles++
      return false
    }
    this.#settled = true
    const done = this.#owner.mailbox.ack(this.#lease)
    this.#owner.settledOne(this.#lease)
    return done
  }

  nack(o: NackOptions = {}): Promise<void> {
    if (this.#settled) {
      this.#owner.mailbox.metrics.lateSettles++
      return this.#lost('nack')
    }
    let outcome: NackOutcome
    try {
      outcome = this.#owner.mailbox.nack(this.#lease, o)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#settled = true
    this.#owner.nackedOne(this.#lease, outcome, o.reason)
    return outcome === 'lost' ? this.#lost('nack') : SETTLED
  }

  /** Gives the item back, until `due`, as if it had not been handed over: for operators that kept it from user code. */
  release(due = 0): void {
    const { mailbox } = this.#owner
    if (this.#settled || mailbox.ended) return
    this.#settled = true
    this.#lease.attempt--
    mailbox.metrics.handedOver--
    mailbox.giveBack(this.#lease, due)
    this.#owner.settledOne(this.#lease)
  }

  /** Counted by the mailbox. */
  #lost(call: string): Promise<void> {
    return lost(call, this.id)
  }
}

/** What a settling that came too late answers; nobody need await it. */
export function lost(call: string, id: string): Promise<never> {
  const refused = Promise.reject(
    new LeaseLostError(`${call}() of ${id}: it was settled before, or its lease has passed on`),
  )
  refused.catch(() => {})
  return refused
}
