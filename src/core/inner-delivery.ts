import { type Delivery, HANDLING, type Handling, WINDOW, type Window } from './delivery.js'
import type { NackOptions } from './mailbox.js'

/** What deliveries of this package can do beside the public calls; others need not. */
export interface InnerDelivery<T> extends Delivery<T> {
  readonly isSettled: boolean
  /** The one of a queue that it was made of, or itself; absent where it was made of several. */
  readonly origin?: Delivery<unknown>
  readonly [WINDOW]: Window | undefined
  readonly [HANDLING]: Handling | undefined
  /** `ack` without a promise, and without a word where it comes too late. */
  settle(): void
  /** Gives the item back because its consumer leaves, not because it failed. */
  release(): void
}

type Known = Delivery<unknown> & Partial<InnerDelivery<unknown>>

const ignore = (): void => {}

/** `ack` for those who have no use for its promise: none is made where none is needed. */
export function settleNow(delivery: Delivery<unknown>): void {
  const known = delivery as Known
  if (known.settle) known.settle()
  else known.ack().catch(ignore)
}

/** `nack` for those who have no use for its promise. */
export function nackNow(delivery: Delivery<unknown>, o?: NackOptions): void {
  delivery.nack(o).catch(ignore)
}

/** Gives back what an operator still has when its subscriber leaves. */
export function releaseNow(delivery: Delivery<unknown>): void {
  const known = delivery as Known
  if (known.release) known.release()
  else nackNow(delivery, { delay: 0 })
}

/** Whether a delivery is known to be settled. */
export function isSettled(delivery: Delivery<unknown>): boolean {
  return (delivery as Known).isSettled ?? false
}

export function windowOf(delivery: Delivery<unknown>): Window | undefined {
  return (delivery as Known)[WINDOW]
}

export function handlingOf(delivery: Delivery<unknown>): Handling | undefined {
  return (delivery as Known)[HANDLING]
}
