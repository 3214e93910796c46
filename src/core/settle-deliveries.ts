import { Observable, type OperatorFunction, Subscriber } from 'rxjs'
import type { Delivery } from './delivery.js'
import { nackNow, settleNow } from './inner-delivery.js'
import { Receipt, slot } from './receipt.js'

/** Passes on values, each with its delivery's receipt current; acks when all sinks it reached have stored it. */
export function settleDeliveries<T>(o: Settlement = {}): OperatorFunction<Delivery<T>, T> {
  return source =>
    new Observable(subscriber => {
      source.subscribe(new Settling(subscriber, o))
    })
}

interface Settlement {
  /** What was spoiled is no failure: it has been given back, and the stream goes on. */
  returns?(delivery: Delivery<unknown>, error: unknown): boolean
}

class Settling<T> extends Subscriber<Delivery<T>> {
  readonly #target: Subscriber<T>
  readonly #o: Settlement
  #spare: DeliveryReceipt | undefined

  constructor(target: Subscriber<T>, o: Settlement) {
    super(target)
    this.#target = target
    this.#o = o
  }

  protected override _next(delivery: Delivery<T>): void {
    const receipt = this.#spare ?? new DeliveryReceipt(this.#target, this.#o)
    this.#spare = undefined
    receipt.delivery = delivery
    const before = slot.current
    slot.current = receipt
    try {
      this.#target.next(delivery.value)
    } catch (error) {
      receipt.spoil(error)
    } finally {
      slot.current = before
    }
    // Most items are stored, or consumed, by now: their receipt serves the next one.
    if (receipt.untouched) {
      this.#spare = receipt
      settleNow(delivery)
    } else receipt.stored()
  }
}

class DeliveryReceipt extends Receipt {
  delivery!: Delivery<unknown>
  readonly #target: Subscriber<unknown>
  readonly #o: Settlement

  constructor(target: Subscriber<never>, o: Settlement) {
    super()
    this.#target = target as Subscriber<unknown>
    this.#o = o
  }

  /** Nobody joined, or all who did have stored, and nothing failed. */
  get untouched(): boolean {
    return this.idle
  }

  protected settled(): void {
    settleNow(this.delivery)
  }

  /** A sink failed: the item goes back, and the stream ends. */
  protected spoiled(error: unknown): void {
    if (this.#o.returns?.(this.delivery, error)) return
    nackNow(this.delivery, { reason: error })
    this.#target.error(error)
  }
}
