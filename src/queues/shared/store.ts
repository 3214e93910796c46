import type { Entry, Lease } from '../../core/entry.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import type { Store, StoreListener, Wants } from '../../core/store.js'
import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { ArenaUser } from '../../os/arena-user.js'
import { GONE, type Grant, Ledger } from './ledger.js'
import type { Payload, Sealing, SharedParcel } from './sealing.js'
import { SharedLease, TakenParcel } from './shared-lease.js'
import type { Views } from './views.js'

const NONE: readonly never[] = []
/** Items of one take: several parcels, and still a few microseconds under the lock. */
const STRIDE = 256

interface Back<T> {
  readonly lease: SharedLease<T>
  readonly attempt: number
  readonly due: number
}

/** One handle on a queue in shared memory: what the ledger says, under the arena's lock, and waking whom it concerns. */
export class SharedStore<T> implements Store<T>, ArenaUser {
  readonly kind = 'shared'
  readonly stride = STRIDE
  readonly ledger: Ledger
  readonly #views: Views
  readonly #arena: Arena
  readonly #sealing: Sealing
  readonly #spill: SpillFolder
  ticket = 0
  #tickets = 0
  #listener: StoreListener | undefined
  #wants: Wants = { items: false, room: false, rest: false }
  /** Acked, and not yet settled in the ledger: the next call that has the lock does it, or the end of the turn. */
  #acked: SharedLease<T>[] = []
  #back: Back<T>[] = []
  /** Items that have left, and whose payloads beside the queue go when the lock is free. */
  #done: TakenParcel<T>[] = []
  #settles: NodeJS.Immediate | undefined
  /** The lock could not be had, and this waits for it. */
  #whenUnlocked: (() => void)[] = []
  #locked: Error | undefined
  /** The parcel of the last lease: who takes item by item copies and decodes it once. */
  #last: TakenParcel<T> | undefined

  constructor(arena: Arena, views: Views, sealing: Sealing, spill: SpillFolder) {
    this.#arena = arena
    this.#views = views
    this.ledger = new Ledger(views)
    this.#sealing = sealing
    this.#spill = spill
  }

  get capacity(): number {
    return this.#views.geometry.capacity
  }

  get byteCapacity(): number {
    return this.#views.geometry.ringBytes
  }

  get ready(): number {
    return this.#views.ready
  }

  get delayed(): number {
    return this.#views.delayed
  }

  get leased(): number {
    return Math.max(0, this.#views.leased - this.#acked.length - this.#back.length)
  }

  get full(): boolean {
    return this.ready + this.delayed + this.leased >= this.capacity || this.ledger.space.isFull
  }

  get nextDue(): number {
    return this.delayed > 0 ? this.#views.nextDue : Number.POSITIVE_INFINITY
  }

  get shut(): boolean {
    return this.#views.shut > 0
  }

  /** Why the last call could do nothing, if that was because another process holds the lock. */
  get locked(): Error | undefined {
    return this.#locked
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  attend(wants: Wants): void {
    const before = this.#wants
    this.#wants = wants
    if (this.#arena.closed) return
    this.#arena.attend((wants.items ? ITEMS : 0) | (wants.room ? ROOM : 0) | (wants.rest ? REST : 0))
    // What came about before it was listened for is not told.
    if ((wants.items && !before.items) || (wants.rest && !before.rest)) this.#listener?.readable()
    if (wants.room && !before.room) this.#listener?.writable()
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  seal(entries: readonly Entry<T>[]): void {
    this.#sealing.seal(entries)
  }

  offer(entries: readonly Entry<T>[]): boolean {
    this.ticket = 0
    const parcels: SharedParcel[] = []
    let payloads: Payload[] | undefined
    for (let at = 0; at < entries.length; ) {
      const parcel = (entries[at] as Entry<T>).parcel as SharedParcel
      parcels.push(parcel)
      if (parcel.payloads) payloads = [...(payloads ?? NONE), ...parcel.payloads]
      at += parcel.count
    }
    if (!payloads) return this.#store(entries, parcels)
    if (this.full) return false
    try {
      for (const { reference, bytes } of payloads) this.#spill.write(reference, bytes)
    } catch (error) {
      for (const { reference } of payloads) this.#spill.drop(reference)
      this.#fail(error)
      return true
    }
    if (this.#store(entries, parcels)) return true
    for (const { reference } of payloads) this.#spill.drop(reference)
    return false
  }

  #store(entries: readonly Entry<T>[], parcels: readonly SharedParcel[]): boolean {
    const first = entries[0] as Entry<T>
    return this.#within(() => {
      const { ledger } = this
      if (this.shut) return false
      const stored = ledger.put(parcels, entries.length, first.due, first.enqueuedAt)
      if (!stored) {
        if (this.#wants.room) this.#arena.arm(ROOM)
        // Who holds items back until no more can come must look.
        this.#arena.wake(REST)
      } else {
        if (first.due > 0) this.#arena.wake(ITEMS)
        else this.#arena.wake(ITEMS, 1)
        if (ledger.held < this.capacity) this.#arena.wake(ROOM, 1)
      }
      return stored
    }, false)
  }

  #fail(error: unknown): void {
    const ticket = ++this.#tickets
    this.ticket = ticket
    queueMicrotask(() => this.#listener?.failed(ticket, error))
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(max: number, now: number): readonly Lease<T>[] {
    if (this.#arena.closed || max <= 0) return NONE
    if (this.ready === 0 && this.nextDue > now && !this.#wants.items) return NONE
    return this.#within(() => this.#taken(max, now), NONE)
  }

  #taken(max: number, now: number): readonly Lease<T>[] {
    const { ledger } = this
    if (now > 0) ledger.promote(now)
    const grants = ledger.take(max, this.#arena.slot)
    if (grants.length === 0) {
      if (this.#wants.items) this.#arena.arm(ITEMS)
      return NONE
    }
    if (this.ready > 0) this.#arena.wake(ITEMS, 1)
    return grants.map(grant => new SharedLease(grant, this.#parcelOf(grant)))
  }

  #parcelOf({ place }: Grant): TakenParcel<T> {
    const { records } = this.ledger
    const first = records.first(place)
    if (this.#last?.first === first) return this.#last
    this.#last = new TakenParcel<T>(records.readParcel(place), records.count(place), first, this.#spill)
    return this.#last
  }

  peek(now: number): T | undefined {
    const parcel = this.#within(() => {
      this.ledger.promote(now || Date.now())
      const slot = this.ledger.first()
      if (slot < 0) return undefined
      const { place, index } = this.ledger.whereabouts(slot)
      const { records } = this.ledger
      return { taken: new TakenParcel<T>(records.readParcel(place), records.count(place), 0, this.#spill), index }
    }, null)
    if (parcel === null) throw this.#locked
    return parcel?.taken.value(parcel.index)
  }

  ack(lease: Lease<T>): boolean {
    const shared = lease as SharedLease<T>
    if (this.#arena.closed || !this.ledger.holds(shared) || shared.settled) return false
    shared.settled = true
    this.#acked.push(shared)
    this.#settleSoon()
    return true
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    const shared = lease as SharedLease<T>
    if (this.#views.shut === GONE) return this.ack(lease)
    if (this.#arena.closed || !this.ledger.holds(shared) || shared.settled) return false
    shared.settled = true
    this.#back.push({ lease: shared, attempt: lease.attempt, due })
    this.flush()
    return true
  }

  handedOver(lease: Lease<T>): void {
    this.ledger.handedOver(lease as SharedLease<T>, lease.attempt)
  }

  // ── for all ─────────────────────────────────────────────────────────────────────────────────────────────────────

  shutdown(): Promise<void> {
    if (this.#views.shut === 0) this.#views.shut = 1
    return this.#tellAll()
  }

  reopen(): Promise<void> {
    this.#views.shut = 0
    return this.#tellAll()
  }

  clear(): T[] | Promise<T[]> {
    const taken = this.#within(() => {
      if (this.shut) this.#views.shut = GONE
      this.ledger.promote(Number.POSITIVE_INFINITY)
      const grants = this.ledger.take(Number.POSITIVE_INFINITY, this.#arena.slot)
      const leases = grants.map(grant => new SharedLease(grant, this.#parcelOf(grant)))
      this.ledger.ack(leases)
      this.#arena.wake(ROOM, 1)
      if (this.ledger.held === 0) this.#arena.wake(REST)
      return leases
    }, undefined)
    if (!taken) return this.#unlocked().then(() => this.clear())
    return taken.map(({ value, parcel }) => {
      parcel.done()
      return value
    })
  }

  close(): void {
    if (this.#arena.closed) return
    this.flush()
    clearImmediate(this.#settles)
    this.#arena.close()
  }

  /** Settles what waits for it. */
  flush(): void {
    if (!this.#arena.closed && this.#acked.length + this.#back.length > 0) this.#within(() => {}, undefined)
  }

  /** Runs something under the lock. */
  within<R>(work: () => R): Promise<R> {
    const busy = {}
    const result = this.#within<R | typeof busy>(work, busy)
    return result === busy ? this.#unlocked().then(() => this.within(work)) : Promise.resolve(result as R)
  }

  // ── what the arena asks ─────────────────────────────────────────────────────────────────────────────────────────

  repair(): void {
    this.ledger.repair()
  }

  reap(slot: number): void {
    this.ledger.repair(slot)
    this.#arena.wake(ITEMS, 1)
    this.#arena.wake(ROOM, 1)
    this.#arena.wake(REST)
  }

  news(conditions: number): void {
    if ((conditions & REST) !== 0 && this.#wants.rest) this.#arena.arm(REST)
    if ((conditions & (ITEMS | REST)) !== 0) this.#listener?.readable()
    if ((conditions & ROOM) !== 0) this.#listener?.writable()
  }

  unlocked(): void {
    this.#locked = undefined
    this.flush()
    for (const resolve of this.#whenUnlocked.splice(0)) resolve()
    this.#listener?.readable()
    this.#listener?.writable()
  }

  ending(): void {
    this.flush()
  }

  /** Under the lock, and after settling what waits for it; `otherwise` if the lock cannot be had now. */
  #within<R>(work: () => R, otherwise: R): R {
    const arena = this.#arena
    if (!arena.enter()) {
      this.#locked = arena.lockedError()
      return otherwise
    }
    this.#locked = undefined
    let result: R
    try {
      if (this.#acked.length + this.#back.length > 0) this.#settleAll()
      result = work()
    } catch (error) {
      arena.abandon()
      throw error
    }
    arena.leave()
    if (this.#done.length > 0) for (const parcel of this.#done.splice(0)) parcel.done()
    return result
  }

  #settleSoon(): void {
    this.#settles ??= setImmediate(() => {
      this.#settles = undefined
      this.flush()
    })
  }

  #settleAll(): void {
    const acked = this.#acked
    this.#acked = []
    this.#settle(acked)
    for (const { lease, attempt, due } of this.#back.splice(0)) {
      this.ledger.giveBack(lease, attempt, due)
      if (due > 0) this.#arena.wake(ITEMS)
      else this.#arena.wake(ITEMS, 1)
    }
  }

  #settle(leases: readonly SharedLease<T>[]): void {
    if (leases.length === 0) return
    this.ledger.ack(leases)
    for (const { parcel } of leases) if (parcel.count === 1) this.#done.push(parcel)
    this.#arena.wake(ROOM, 1)
    if (this.ledger.held === 0) this.#arena.wake(REST)
  }

  #tellAll(): Promise<void> {
    return this.within(() => {
      for (const condition of [ITEMS, ROOM, REST]) this.#arena.wake(condition)
    })
  }

  #unlocked(): Promise<void> {
    return new Promise(resolve => this.#whenUnlocked.push(resolve))
  }
}
