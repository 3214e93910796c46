import { type Delivery, LeasedDelivery } from '../core/delivery.js'
import { DeliveryLane } from '../core/delivery-lane.js'
import type { Lease } from '../core/entry.js'
import { nackNow } from '../core/inner-delivery.js'
import type { TargetEnd } from '../core/lane.js'
import type { Mailbox } from '../core/mailbox.js'
import type { NackOutcome } from '../core/nack.js'
import { PARCEL_ITEMS, type Parcel } from '../core/parcel.js'
import { packParcel } from '../core/parcel-codec.js'
import { slot } from '../core/receipt.js'
import { ValueLane } from '../core/value-lane.js'
import { clock } from '../util/clock.js'
import { UNSTORED } from './joint.js'
import { KeyLines } from './key-lines.js'
import { Latencies } from './latencies.js'
import { ParcelReceipt } from './parcel-receipt.js'
import type { Route } from './route.js'

/** How long, in ms, an item rests that all its destinations have dropped. */
const REST = 100

/** A link's window on a source, which knows what is out, so that a link that lets go can give all of it back. */
export type SourceLane = ValueSourceLane | DeliverySourceLane

/** What a lane asks of the link that it takes for. */
export interface LaneLink {
  /** Items of a source that may be out at once; 0 while there is no destination. */
  roomFor(prefetch: number): number
  /** The destinations of what is taken now. */
  routeOf(lease: Lease<unknown>): Route
  /** Of items that are worked on one after another. */
  keyOf?: ((lease: Lease<unknown>) => string | undefined) | undefined
  /** Nothing looks into items between this source and the destinations. */
  readonly passesSealed: boolean
  /** Passes a parcel, as it is, to all destinations of what is taken now; undefined where one of them would have to open it. */
  passageOf(parcel: Parcel, at: number): (() => void) | undefined
}

/** For links without `each`. */
export class ValueSourceLane extends ValueLane<unknown> {
  /** Items settled for good. */
  moved = 0
  /** Of these, encoded; 0 where nothing is encoded. */
  bytes = 0
  readonly latencies = new Latencies()
  readonly #link: LaneLink
  readonly #out = new Set<Lease<unknown>>()
  readonly #taking: { route: Route | undefined }
  #stayedOut = false

  constructor(
    mailbox: Mailbox<unknown>,
    prefetch: number,
    link: LaneLink,
    next: (value: unknown, route: Route) => void,
    end: TargetEnd,
  ) {
    const taking: { route: Route | undefined } = { route: undefined }
    super(mailbox, prefetch, { ...end, next: value => next(value, taking.route as Route) })
    this.#link = link
    this.#taking = taking
  }

  override accept(lease: Lease<unknown>): void {
    this.#stayedOut = false
    this.#taking.route = this.#link.routeOf(lease)
    super.accept(lease)
    if (!this.#stayedOut) this.#moved(lease)
  }

  /** Where parcels fit into the window, and neither side looks into items, they are passed on as they are. */
  get wantsSealed(): boolean {
    return this.#link.passesSealed && this.prefetch >= PARCEL_ITEMS && !this.mailbox.maker.checks
  }

  acceptSealed(leases: readonly Lease<unknown>[]): void {
    for (let at = 0; at < leases.length; ) {
      const lease = leases[at] as Lease<unknown>
      if (this.demand <= 0) {
        this.mailbox.giveBack(lease, 0)
        at++
        continue
      }
      const parcel = lease.sealed
      if (parcel && isWhole(leases, at, parcel) && this.#passed(parcel, leases.slice(at, at + parcel.count))) {
        at += parcel.count
        continue
      }
      const alone = repacked(lease)
      if (!alone || !this.#passed(alone, [lease])) this.accept(lease)
      at++
    }
  }

  /** False: a destination must have it item by item. */
  #passed(parcel: Parcel, leases: readonly Lease<unknown>[]): boolean {
    const pass = this.#link.passageOf(parcel, (leases[0] as Lease<unknown>).enqueuedAt)
    if (!pass) return false
    for (const lease of leases) this.mailbox.handedOver(lease)
    const receipt = new ParcelReceipt(this, leases)
    const before = slot.current
    slot.current = receipt
    try {
      pass()
    } catch (error) {
      receipt.spoil(error)
    } finally {
      slot.current = before
    }
    if (receipt.untouched) {
      for (const lease of leases) {
        this.mailbox.ack(lease)
        this.#moved(lease)
      }
    } else {
      for (const lease of leases) this.out(lease)
      receipt.passedOn()
    }
    return true
  }

  override settled(lease: Lease<unknown>): void {
    if (!this.#out.delete(lease)) return
    this.#moved(lease)
    super.settled(lease)
  }

  override spoiled(lease: Lease<unknown>, error: unknown): void {
    if (!this.#out.delete(lease)) return
    if (error !== UNSTORED) {
      super.spoiled(lease, error)
      return
    }
    lease.attempt--
    this.mailbox.giveBack(lease, clock.now() + REST)
    this.back(lease)
  }

  override end(error?: unknown): void {
    if (error !== UNSTORED) super.end(error)
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

  protected override get room(): number {
    return this.#link.roomFor(this.prefetch)
  }

  /** Only of items that are not settled when the call that brings them returns. */
  protected override out(lease: Lease<unknown>): void {
    this.#stayedOut = true
    this.#out.add(lease)
    super.out(lease)
  }

  #moved({ enqueuedAt, bytes }: Lease<unknown>): void {
    this.moved++
    this.bytes += bytes
    this.latencies.record(enqueuedAt)
  }
}

/** From there on, all items of the parcel. */
function isWhole(leases: readonly Lease<unknown>[], at: number, parcel: Parcel): boolean {
  for (let index = 0; index < parcel.count; index++) if (leases[at + index]?.sealed !== parcel) return false
  return true
}

/** Of an item whose parcel cannot go on as it is; undefined if it cannot be read, which `accept` finds as well. */
function repacked(lease: Lease<unknown>): Parcel | undefined {
  try {
    const { value, enqueuedAt, headers } = lease
    return packParcel([{ value, enqueuedAt, headers, key: undefined }])
  } catch {
    return undefined
  }
}

/** A delivery that knows its destinations. */
export class RoutedDelivery extends LeasedDelivery<unknown> {
  readonly route: Route
  #passed = false

  constructor(lease: Lease<unknown>, lane: DeliverySourceLane, route: Route) {
    super(lease, lane)
    this.route = route
    route.open++
  }

  /** Nothing more will come of it. Answers whether that was the last of its route. */
  passed(): boolean {
    if (this.#passed) return false
    this.#passed = true
    return --this.route.open === 0
  }

  /** All its destinations have dropped what came of it. */
  putOff(): void {
    this.release(clock.now() + REST)
  }
}

/** For links with `each`. */
export class DeliverySourceLane extends DeliveryLane<unknown> {
  /** Items settled for good. */
  moved = 0
  /** Of these, encoded; 0 where nothing is encoded. */
  bytes = 0
  readonly latencies = new Latencies()
  readonly #link: LaneLink
  readonly #onPassed: () => void
  readonly #out = new Map<Lease<unknown>, RoutedDelivery>()
  readonly #lines = new KeyLines()

  /** `onPassed` hears when operators are done with the last item of a route. */
  constructor(
    mailbox: Mailbox<unknown>,
    prefetch: number,
    link: LaneLink,
    next: (delivery: Delivery<unknown>) => void,
    onPassed: () => void,
    end: TargetEnd,
  ) {
    super(mailbox, prefetch, { ...end, next })
    this.#link = link
    this.#onPassed = onPassed
  }

  override accept(lease: Lease<unknown>): void {
    let key: string | undefined
    try {
      key = this.#link.keyOf?.(lease)
    } catch (reason) {
      this.out(lease)
      this.mailbox.handedOver(lease)
      this.nackedOne(lease, this.mailbox.nack(lease, { reason }), reason)
      return
    }
    this.out(lease)
    if (key === undefined || this.#lines.enter(lease, key)) this.hand(lease)
  }

  /** What waits for its turn was never handed over. */
  override unsubscribe(): void {
    super.unsubscribe()
    for (const lease of this.#lines.clear()) {
      this.mailbox.giveBack(lease, 0)
      this.back(lease)
    }
  }

  override settledOne(lease: Lease<unknown>): void {
    const delivery = this.#forget(lease)
    // One that was released counts as never handed over.
    if (delivery && lease.attempt >= delivery.attempt) {
      this.moved++
      this.bytes += lease.bytes
      this.latencies.record(lease.enqueuedAt)
    }
    super.settledOne(lease)
  }

  override nackedOne(lease: Lease<unknown>, outcome: NackOutcome, reason: unknown): void {
    this.#forget(lease)
    super.nackedOne(lease, outcome, reason)
  }

  /** Gives back what is out. What a handler makes of it from here on changes nothing. */
  giveBack(): void {
    for (const delivery of [...this.#out.values()]) nackNow(delivery, { delay: 0 })
  }

  protected override get room(): number {
    return this.#link.roomFor(this.prefetch)
  }

  protected override deliver(lease: Lease<unknown>): RoutedDelivery {
    const delivery = new RoutedDelivery(lease, this, this.#link.routeOf(lease))
    this.#out.set(lease, delivery)
    return delivery
  }

  #forget(lease: Lease<unknown>): RoutedDelivery | undefined {
    const delivery = this.#out.get(lease)
    this.#out.delete(lease)
    if (delivery?.passed()) this.#onPassed()
    this.#lines.leave(lease, next => this.hand(next))
    return delivery
  }
}
