import { type Delivery, HANDLING, type Handling, WINDOW, type Window } from './delivery.js'
import type { Headers } from './entry.js'
import { handlingOf, type InnerDelivery, isSettled, nackNow, settleNow, windowOf } from './inner-delivery.js'
import type { NackOptions } from './mailbox.js'

/** The one output that a delivery was turned into: settling it settles that delivery. */
export class DerivedDelivery<T> implements InnerDelivery<T> {
  readonly value: T
  protected readonly parent: Delivery<unknown>

  constructor(parent: Delivery<unknown>, value: T) {
    this.parent = parent
    this.value = value
  }

  get id(): string {
    return this.parent.id
  }

  get attempt(): number {
    return this.parent.attempt
  }

  get enqueuedAt(): number {
    return this.parent.enqueuedAt
  }

  get headers(): Headers {
    return this.parent.headers
  }

  get [WINDOW](): Window | undefined {
    return windowOf(this.parent)
  }

  get [HANDLING](): Handling | undefined {
    return handlingOf(this.parent)
  }

  get isSettled(): boolean {
    return isSettled(this.parent)
  }

  get origin(): Delivery<unknown> | undefined {
    return (this.parent as Partial<InnerDelivery<unknown>>).origin
  }

  /** No other output will come of the delivery that it was made of. */
  get isOnly(): boolean {
    return true
  }

  ack(): Promise<void> {
    return this.parent.ack()
  }

  settle(): void {
    settleNow(this.parent)
  }

  nack(o?: NackOptions): Promise<void> {
    return this.parent.nack(o)
  }

  /** User code has seen the item it was made of, so that the hand-over counts. */
  release(): void {
    if (!this.isSettled) nackNow(this, { delay: 0 })
  }
}
