import { Observable, ReplaySubject } from 'rxjs'
import { type Delivery, lost } from '../core/delivery.js'
import { NO_HEADERS } from '../core/entry.js'
import type { NackOptions } from '../core/mailbox.js'
import { clock } from '../util/clock.js'

/** What `cold` and `hot` make. */
type Drawn = Observable<string> & { readonly subscriptions: { subscribedFrame: number; unsubscribedFrame: number }[] }

/**
 * Deliveries drawn as marbles. What becomes of them can be expected as marbles too: `acks`, `nacks` and `releases` emit
 * the letter of a delivery in the frame in which that happens to it.
 *
 * ```
 * source          -a-b-c-|
 * source.acks     -a---c--
 * source.nacks    ---b----
 * ```
 */
export class MarbleDeliveries<T> extends Observable<Delivery<T>> {
  readonly acks = new ReplaySubject<string>()
  readonly nacks = new ReplaySubject<string>()
  /** Given back without having been handed to user code. */
  readonly releases = new ReplaySubject<string>()
  /** Why each letter was nacked. */
  readonly reasons = new Map<string, unknown>()
  readonly #drawn: Drawn

  constructor(drawn: Drawn, values?: Record<string, T>) {
    super(subscriber =>
      drawn.subscribe({
        next: letter => subscriber.next(new MarbleDelivery(this, letter, (values ? values[letter] : letter) as T)),
        error: error => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    )
    this.#drawn = drawn
  }

  /** For `expectSubscriptions`. */
  get subscriptions(): Drawn['subscriptions'] {
    return this.#drawn.subscriptions
  }
}

class MarbleDelivery<T> implements Delivery<T> {
  readonly id: string
  readonly value: T
  readonly attempt = 1
  readonly enqueuedAt = clock.now()
  readonly headers = NO_HEADERS
  readonly #owner: MarbleDeliveries<T>
  isSettled = false

  constructor(owner: MarbleDeliveries<T>, letter: string, value: T) {
    this.#owner = owner
    this.id = letter
    this.value = value
  }

  async ack(): Promise<void> {
    if (!this.settle()) return lost('ack', this.id)
  }

  settle(): boolean {
    return this.#end(this.#owner.acks)
  }

  async nack(o: NackOptions = {}): Promise<void> {
    if (!this.isSettled) this.#owner.reasons.set(this.id, o.reason)
    if (!this.#end(this.#owner.nacks)) return lost('nack', this.id)
  }

  release(): void {
    this.#end(this.#owner.releases)
  }

  #end(fate: ReplaySubject<string>): boolean {
    if (this.isSettled) return false
    this.isSettled = true
    fate.next(this.id)
    return true
  }
}
