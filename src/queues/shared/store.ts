import type { Entry, Lease } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import type { Store, StoreListener, Ticket, Wants } from '../../core/store.js'
import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { ArenaUser } from '../../os/arena-user.js'
import { Ahead } from './ahead.js'
import { Grants } from './grants.js'
import { GONE, Ledger } from './ledger.js'
import { Puts } from './puts.js'
import type { Sealing } from './sealing.js'
import { Section, type SectionUser } from './section.js'
import { Settlements } from './settlements.js'
import type { SharedLease } from './shared-lease.js'
import type { Views } from './views.js'

const NONE: readonly never[] = []
/** Items of one take: several parcels, and still a few microseconds under the lock. */
const STRIDE = 256

/** One handle on a queue in shared memory: what the ledger says, under the arena's lock, and waking whom it concerns. */
export class SharedStore<T> implements Store<T>, ArenaUser, SectionUser {
  readonly kind = 'shared'
  readonly stride = STRIDE
  readonly ledger: Ledger
  readonly section: Section
  readonly #views: Views
  readonly #arena: Arena
  readonly #spill: SpillFolder
  readonly #puts: Puts<T>
  readonly #settlements: Settlements<T>
  readonly #grants: Grants<T>
  readonly #ahead = new Ahead<T>(leases => this.#settlements.giveAllBack(leases))
  #listener: StoreListener | undefined
  #wants: Wants = { items: false, room: false, rest: false }
  /** What was taken waits for room. */
  #late = false

  constructor(arena: Arena, views: Views, sealing: Sealing, spill: SpillFolder) {
    this.#arena = arena
    this.#views = views
    this.#spill = spill
    this.ledger = new Ledger(views)
    this.section = new Section(arena, this)
    this.#puts = new Puts(arena, this.ledger, this.section, sealing, spill)
    this.#settlements = new Settlements(arena, this.ledger, () => this.#flush())
    this.#grants = new Grants(this.ledger, spill)
  }

  get capacity(): number {
    return this.#views.geometry.capacity
  }

  get byteCapacity(): number {
    return this.#views.geometry.ringBytes
  }

  get ready(): number {
    return this.#views.ready + this.#puts.count + this.#ahead.length
  }

  get delayed(): number {
    return this.#views.delayed
  }

  get leased(): number {
    return Math.max(0, this.#views.leased - this.#settlements.count - this.#ahead.length)
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

  get locked(): Error | undefined {
    return this.section.locked
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
    this.#puts.listener = listener
  }

  attend(wants: Wants): void {
    const before = this.#wants
    this.#wants = wants
    this.#puts.waiting = wants.room
    if (this.#arena.closed) return
    this.#attend()
    // What came about before it was listened for is not told.
    if ((wants.items && !before.items) || (wants.rest && !before.rest)) this.#listener?.readable()
    if (wants.room && !before.room) this.#listener?.writable()
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  get ticket(): Ticket {
    return this.#puts.ticket
  }

  seal(entries: readonly Entry<T>[]): void {
    this.#puts.seal(entries)
  }

  sealValues(values: readonly T[], at: number): readonly Entry<T>[] | undefined {
    return this.#puts.sealValues(values, at)
  }

  adopt(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    return this.#puts.adopt(parcel, at)
  }

  offer(entries: readonly Entry<T>[]): boolean {
    return this.#puts.offer(entries)
  }

  hold(entries: readonly Entry<T>[]): void {
    this.#puts.hold(entries)
  }

  storeNow(): void {
    this.#puts.storeNow()
  }

  withdraw(ticket: Ticket): void {
    this.#puts.withdraw(ticket)
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(max: number, now: number, sealed = false): readonly Lease<T>[] {
    if (this.#arena.closed || max <= 0) return NONE
    const ahead = this.#ahead
    if (sealed) {
      ahead.giveBack()
      return this.#take(max, now, [], true)
    }
    if (ahead.length > 0) return max === 1 ? ahead.shift() : this.#take(max, now, ahead.take(max))
    if (max > 1) return this.#take(max, now, [])
    const taken = this.#take(1 + ahead.appetite, now, [])
    ahead.got(taken.length)
    return taken.length > 1 ? ahead.keep(taken) : taken
  }

  consume(max: number, now: number): T[] | undefined {
    if (this.#arena.closed || max <= 1 || this.#ahead.length > 0) return undefined
    if (!this.#grant(max, now, 0, false)) return []
    if (this.#grants.arePlain) return this.#settlements.consume(this.#grants)
    // Some have to be settled by themselves: they are taken next.
    const taken: SharedLease<T>[] = []
    this.#grants.addTo(taken)
    this.#ahead.hold(taken)
    return undefined
  }

  /** What was taken already comes first. */
  #take(max: number, now: number, taken: SharedLease<T>[], sealed = false): SharedLease<T>[] {
    if (taken.length < max && this.#grant(max - taken.length, now, taken.length, sealed)) this.#grants.addTo(taken)
    return taken
  }

  /** Leases up to so many, besides others that were had already. False: none. */
  #grant(max: number, now: number, had: number, sealed: boolean): boolean {
    if (this.ready === 0 && this.nextDue > now && !this.#wants.items) {
      this.section.locked = undefined
      return false
    }
    if (!this.section.enter()) return false
    let count: number
    try {
      if (now > 0) this.ledger.promote(now)
      count = this.ledger.take(max, this.#arena.slot, this.#grants.begin(sealed), sealed)
      if (had + count === 0) {
        if (this.#wants.items) this.#arena.arm(ITEMS)
      } else if (this.#views.ready > 0) this.#arena.wake(ITEMS, 1)
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.section.leave()
    if (count > 0) this.#grants.open()
    return count > 0
  }

  get spent(): boolean {
    return this.#ahead.isSpent
  }

  ack(lease: Lease<T>): boolean {
    return this.#settlements.ack(lease as SharedLease<T>)
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    // It may come before these.
    this.#ahead.giveBack()
    return this.#settlements.giveBack(lease as SharedLease<T>, due)
  }

  handedOver(lease: Lease<T>): void {
    this.ledger.handedOver(lease as SharedLease<T>, lease.attempt)
  }

  peek(now: number): T | undefined {
    const { first } = this.#ahead
    if (first) return first.value
    const found = this.section.within(() => {
      this.ledger.promote(now || Date.now())
      const slot = this.ledger.first()
      if (slot < 0) return undefined
      const { place, index } = this.ledger.whereabouts(slot)
      return this.#grants.look(place, index)
    }, null)
    if (found === null) throw this.section.locked
    return found?.()
  }

  // ── for all ─────────────────────────────────────────────────────────────────────────────────────────────────────

  shutdown(): Promise<void> {
    this.#flush()
    if (this.#views.shut === 0) this.#views.shut = 1
    return this.#tellAll()
  }

  reopen(): Promise<void> {
    this.#views.shut = 0
    return this.#tellAll()
  }

  async clear(): Promise<T[]> {
    this.#ahead.giveBack()
    const taken: SharedLease<T>[] = []
    // Its own, for others may take before this goes on.
    const grants = new Grants<T>(this.ledger, this.#spill)
    await this.section.eventually(() => {
      if (this.shut) this.#views.shut = GONE
      this.ledger.promote(Number.POSITIVE_INFINITY)
      this.ledger.take(Number.POSITIVE_INFINITY, this.#arena.slot, grants.begin(false))
    })
    grants.open()
    grants.addTo(taken)
    const values = taken.map(lease => lease.value)
    for (const lease of taken) this.ack(lease)
    this.#flush()
    return values
  }

  close(): void {
    if (this.#arena.closed) return
    this.#flush()
    this.#puts.tellStored()
    this.#settlements.close()
    this.#ahead.stop()
    this.#arena.close()
  }

  // ── what the section and the arena ask ──────────────────────────────────────────────────────────────────────────

  entered(): void {
    this.#settlements.write()
    this.#puts.write()
  }

  left(): void {
    this.#settlements.written()
    if (this.#puts.isLate !== this.#late) this.#attend()
  }

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
    if ((conditions & ROOM) !== 0) this.#puts.flush()
    if ((conditions & (ITEMS | REST)) !== 0) this.#listener?.readable()
    if ((conditions & ROOM) !== 0) this.#listener?.writable()
  }

  unlocked(): void {
    this.section.free()
    this.#flush()
    this.#listener?.readable()
    this.#listener?.writable()
  }

  ending(): void {
    this.#flush()
  }

  #attend(): void {
    const { items, room, rest } = this.#wants
    this.#late = this.#puts.isLate
    this.#arena.attend((items ? ITEMS : 0) | (room || this.#late ? ROOM : 0) | (rest ? REST : 0))
  }

  /** Settles and stores what waits for it. */
  #flush(): void {
    if (this.#arena.closed || this.#settlements.count + this.#puts.count === 0) return
    if (this.section.enter()) this.section.leave()
  }

  #tellAll(): Promise<void> {
    return this.section.eventually(() => {
      for (const condition of [ITEMS, ROOM, REST]) this.#arena.wake(condition)
    })
  }
}
