import type { Lease } from './entry.js'
import { Lane, type Target } from './lane.js'
import type { Mailbox } from './mailbox.js'
import { Receipt, slot } from './receipt.js'
import { Sink } from './sink.js'

/** Passes values on, each with its receipt current while `next` runs: what sinks in that call stack store is what settles it. */
export class ValueLane<T> extends Lane<T> {
  readonly #target: Target<T>
  /** What it leads to, if that stores several at the cost of one. */
  readonly #sink: Sink<T> | undefined
  #spare: LaneReceipt<T> | undefined

  constructor(mailbox: Mailbox<T>, prefetch: number, target: Target<T>) {
    super(mailbox, prefetch, target)
    this.#target = target
    this.#sink = target instanceof Sink ? target : undefined
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
      receipt.passedOn([lease])
    }
  }

  /** It leads to a sink and nowhere else. */
  get wantsTogether(): boolean {
    return this.#sink !== undefined && !this.mailbox.maker.checks
  }

  acceptTogether(leases: readonly Lease<T>[]): boolean {
    if (!this.fits(leases)) return false
    const values = valuesOf(leases)
    const receipt = new LaneReceipt<T>(this)
    if (!values || !this.#sink?.nextAll(values, receipt)) return false
    for (const lease of leases) this.mailbox.handedOver(lease)
    if (receipt.untouched) for (const lease of leases) this.mailbox.ack(lease)
    else {
      for (const lease of leases) this.out(lease)
      receipt.passedOn(leases)
    }
    return true
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

/** Undefined where one cannot be read: alone it is given back. */
function valuesOf<T>(leases: readonly Lease<T>[]): T[] | undefined {
  try {
    return leases.map(lease => lease.value)
  } catch {
    return undefined
  }
}

/** Of one item, or of all that were handed to a sink together. */
class LaneReceipt<T> extends Receipt {
  /** Known only once `next` has returned, for nothing settles before: writing it for each item costs more than it seems. */
  #leases: readonly Lease<T>[] | undefined
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
    if (this.#leases) this.#lane.end(this.#cause.error)
  }

  /** `next` has returned, and these are still out. */
  passedOn(leases: readonly Lease<T>[]): void {
    this.#leases = leases
    this.stored()
    if (this.#cause) this.#lane.end(this.#cause.error)
  }

  protected settled(): void {
    for (const lease of this.#leases as readonly Lease<T>[]) this.#lane.settled(lease)
  }

  protected spoiled(error: unknown): void {
    for (const lease of this.#leases as readonly Lease<T>[]) this.#lane.spoiled(lease, error)
  }
}
