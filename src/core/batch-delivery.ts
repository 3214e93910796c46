import { type Delivery, HANDLING, type Handling, WINDOW, type Window } from './delivery.js'
import { type Headers, NO_HEADERS } from './entry.js'
import { handlingOf, type InnerDelivery, isSettled, releaseNow, settleNow } from './inner-delivery.js'
import type { NackOptions } from './mailbox.js'
import { WindowSet } from './window-set.js'

/** Several deliveries as one: settling it settles them all. */
export class BatchDelivery<T> implements InnerDelivery<T[]> {
  readonly value: T[]
  readonly #parts: readonly Delivery<T>[]
  #window: Window | undefined

  constructor(parts: readonly Delivery<T>[]) {
    this.value = parts.map(part => part.value)
    this.#parts = parts
  }

  /** The ids of its parts, joined by commas. */
  get id(): string {
    return this.#parts.map(part => part.id).join()
  }

  /** The most that any part counts. */
  get attempt(): number {
    return this.#parts.reduce((most, part) => Math.max(most, part.attempt), 1)
  }

  /** When its oldest part came. */
  get enqueuedAt(): number {
    return this.#parts.reduce((first, part) => Math.min(first, part.enqueuedAt), Number.POSITIVE_INFINITY)
  }

  get headers(): Headers {
    return NO_HEADERS
  }

  get [WINDOW](): Window | undefined {
    this.#window ??= WindowSet.of(this.#parts)
    return this.#window
  }

  get [HANDLING](): Handling | undefined {
    return [...new Set(this.#parts.map(handlingOf))].reduce(nested, undefined)
  }

  get isSettled(): boolean {
    return this.#parts.every(isSettled)
  }

  ack(): Promise<void> {
    return together(this.#parts.map(part => part.ack()))
  }

  settle(): void {
    for (const part of this.#parts) settleNow(part)
  }

  nack(o?: NackOptions): Promise<void> {
    return together(this.#parts.map(part => part.nack(o)))
  }

  release(): void {
    for (const part of this.#parts) releaseNow(part)
  }
}

function nested(outer: Handling | undefined, inner: Handling | undefined): Handling | undefined {
  return outer && inner ? handler => outer(() => inner(handler)) : (outer ?? inner)
}

/** Rejects as the first that does; nobody need await it. */
function together(calls: readonly Promise<void>[]): Promise<void> {
  const all = Promise.all(calls).then(() => {})
  all.catch(() => {})
  return all
}
