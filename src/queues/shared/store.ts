import type { Entry, Lease } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import type { Store, StoreListener, Ticket, Wants } from '../../core/store.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { QueueFullError } from '../../errors/queue-full-error.js'
import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { ArenaUser } from '../../os/arena-user.js'
import { Gathering } from './gathering.js'
import { GONE, type Grantee, Ledger } from './ledger.js'
import { ParcelReader } from './parcel-reader.js'
import type { Payload, Sealing, SharedParcel } from './sealing.js'
import { SharedLease } from './shared-lease.js'
import type { Views } from './views.js'

const NONE: readonly never[] = []
const RESOLVED = Promise.resolve()
/** Items of one take: several parcels, and still a few microseconds under the lock. */
const STRIDE = 256

interface Back<T> {
  readonly lease: SharedLease<T>
  readonly attempt: number
  readonly due: number
}

/** One handle on a queue in shared memory: what the ledger says, under the arena's lock, and waking whom it concerns. */
export class SharedStore<T> implements Store<T>, ArenaUser, Grantee {
  readonly kind = 'shared'
  readonly stride = STRIDE
  readonly ledger: Ledger
  readonly #views: Views
  readonly #arena: Arena
  readonly #sealing: Sealing
  readonly #gathering: Gathering<T>
  readonly #spill: SpillFolder
  ticket = 0
  #tickets = 0
  #storedTicket = 0
  /** A single put came in this turn, so that what follows goes together. */
  #burst = false
  #listener: StoreListener | undefined
  #wants: Wants = { items: false, room: false, rest: false }
  /** Acked, and not yet settled in the ledger: the next call that has the lock does it, or the end of the turn. */
  #acked: SharedLease<T>[] = []
  #back: Back<T>[] = []
  /** Items that have left, and whose payloads beside the queue go when the lock is free. */
  #done: SharedLease<T>[] = []
  #settles: NodeJS.Immediate | undefined
  /** The lock could not be had, and this waits for it. */
  #whenUnlocked: (() => void)[] = []
  #locked: Error | undefined
  readonly #parcels: ParcelReader<T>
  /** Where a take that is under way puts its leases. */
  #taken: SharedLease<T>[] = []

  constructor(arena: Arena, views: Views, sealing: Sealing, spill: SpillFolder) {
    this.#arena = arena
    this.#views = views
    this.ledger = new Ledger(views)
    this.#sealing = sealing
    this.#gathering = new Gathering(sealing.limit)
    this.#spill = spill
    this.#parcels = new ParcelReader(this.ledger.records, spill)
  }

  get capacity(): number {
    return this.#views.geometry.capacity
  }

  get byteCapacity(): number {
    return this.#views.geometry.ringBytes
  }

  get ready(): number {
    return this.#views.ready + this.#gathering.count
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
    if (entries.length > 1 || !this.#burst || !this.#gathers(entries[0] as Entry<T>)) this.#sealing.seal(entries)
  }

  /** Encodes an entry behind those that came before it in this turn. */
  #gathers(entry: Entry<T>): boolean {
    const gathering = this.#gathering
    if (gathering.isFull) this.flush()
    if (gathering.late.length > 0 || gathering.isFull) return false
    try {
      if (gathering.try(entry)) return true
    } catch {
      // Alone it may be a circle, which takes another way; or it fails there.
    }
    this.flush()
    return false
  }

  offer(entries: readonly Entry<T>[]): boolean {
    this.ticket = 0
    const first = entries[0] as Entry<T>
    if (this.#gathering.isTried(first)) {
      if (this.#gathered()) return true
      this.hold(entries)
    }
    if (this.#gathering.late.length > 0) this.flush()
    if (this.#gathering.late.length > 0) return false
    const parcels: SharedParcel[] = []
    let payloads: Payload[] | undefined
    for (let at = 0; at < entries.length; ) {
      const parcel = (entries[at] as Entry<T>).parcel as SharedParcel
      parcels.push(parcel)
      if (parcel.payloads) payloads = [...(payloads ?? NONE), ...parcel.payloads]
      at += parcel.count
    }
    if (payloads) return this.#storeWith(payloads, entries, parcels)
    if (!this.#store(entries.length, parcels, first)) return false
    if (entries.length === 1 && !this.#burst) {
      this.#burst = true
      RESOLVED.then(this.#endBurst)
    }
    return true
  }

  /** What was sealed has to wait: it is encoded alone. */
  hold(entries: readonly Entry<T>[]): void {
    if (!this.#gathering.isTried(entries[0] as Entry<T>)) return
    this.#gathering.drop()
    this.#sealing.seal(entries)
  }

  /** Takes what was encoded last, if there seems to be room. */
  #gathered(): boolean {
    const gathering = this.#gathering
    const held = this.ready + this.delayed + this.leased
    if (this.shut || held >= this.capacity || !this.ledger.space.fits(gathering.recordBytes)) return false
    this.ticket = ++this.#tickets
    gathering.taken(this.ticket)
    return true
  }

  readonly #endBurst = (): void => {
    this.#burst = false
    this.flush()
  }

  storeNow(): void {
    if (this.ticket === 0) return
    this.flush()
    if (this.#gathering.count === 0) return
    const { ticket } = this
    this.withdraw(ticket)
    throw this.#locked ?? new QueueFullError('the queue is full')
  }

  withdraw(ticket: Ticket): void {
    const gathering = this.#gathering
    if (gathering.late.length === 0) gathering.postpone()
    const at = gathering.late.findIndex(late => late.ticket === ticket)
    if (at < 0) return
    gathering.late.splice(at, 1)
    this.#fail(ticket, new QueueFullError('the put was given up'))
  }

  #storeWith(payloads: readonly Payload[], entries: readonly Entry<T>[], parcels: readonly SharedParcel[]): boolean {
    if (this.full) return false
    try {
      for (const { reference, bytes } of payloads) this.#spill.write(reference, bytes)
    } catch (error) {
      for (const { reference } of payloads) this.#spill.drop(reference)
      this.ticket = ++this.#tickets
      this.#fail(this.ticket, error)
      return true
    }
    const stored = this.#store(entries.length, parcels, entries[0] as Entry<T>)
    if (!stored) for (const { reference } of payloads) this.#spill.drop(reference)
    return stored
  }

  #store(count: number, parcels: readonly SharedParcel[], { due, enqueuedAt }: Entry<T>): boolean {
    if (!this.#enter()) return false
    let stored = false
    try {
      stored = this.#put(parcels, count, due, enqueuedAt)
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.#leave()
    return stored
  }

  #put(parcels: readonly Parcel[], count: number, due: number, at: number): boolean {
    const { ledger } = this
    if (!this.shut && ledger.put(parcels, count, due, at)) {
      // Whoever waits for the time to come must know it.
      this.#arena.wake(ITEMS, due > 0 ? undefined : 1)
      if (ledger.held < this.capacity) this.#arena.wake(ROOM, 1)
      return true
    }
    if (this.#wants.room) this.#arena.arm(ROOM)
    // Whoever holds items back until no more can come must look.
    this.#arena.wake(REST)
    return false
  }

  /** Under the lock. */
  #storeGathered(): void {
    const gathering = this.#gathering
    const gathered = gathering.late.length === 0 ? gathering.parcel() : undefined
    if (gathered) {
      if (this.#put([gathered.parcel], gathered.parcel.count, 0, gathered.at)) {
        gathering.stored()
        this.#storedUpTo(gathering.lastTicket)
        return
      }
      gathering.postpone()
    }
    for (let next = gathering.late[0]; next; next = gathering.late[0]) {
      if (this.shut) this.#fail(next.ticket, new QueueClosedError('the queue was shut down'))
      else if (this.#put([next.parcel], 1, 0, next.at)) this.#storedUpTo(next.ticket)
      else {
        this.#arena.arm(ROOM)
        return
      }
      gathering.late.shift()
    }
  }

  /** Told in the next microtask, when whoever put last knows the ticket. */
  #storedUpTo(ticket: Ticket): void {
    this.#storedTicket = ticket
    RESOLVED.then(this.#tellStored)
  }

  readonly #tellStored = (): void => this.#listener?.stored(this.#storedTicket)

  #fail(ticket: Ticket, error: unknown): void {
    RESOLVED.then(() => this.#listener?.failed(ticket, error))
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(max: number, now: number): readonly Lease<T>[] {
    if (this.#arena.closed || max <= 0) return NONE
    if (this.ready === 0 && this.nextDue > now && !this.#wants.items) return NONE
    if (!this.#enter()) return NONE
    const taken: SharedLease<T>[] = []
    this.#taken = taken
    try {
      if (now > 0) this.ledger.promote(now)
      this.ledger.take(max, this.#arena.slot, this)
      if (taken.length === 0) {
        if (this.#wants.items) this.#arena.arm(ITEMS)
      } else if (this.#views.ready > 0) this.#arena.wake(ITEMS, 1)
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.#leave()
    return taken
  }

  granted(slot: number, word: number, place: number, position: number, index: number, attempt: number): void {
    this.#taken.push(new SharedLease(slot, word, position, attempt, this.#parcels.at(place), index))
  }

  peek(now: number): T | undefined {
    const found = this.#within(() => {
      this.ledger.promote(now || Date.now())
      const slot = this.ledger.first()
      if (slot < 0) return undefined
      const { place, index } = this.ledger.whereabouts(slot)
      return { parcel: this.#parcels.at(place), index }
    }, null)
    if (found === null) throw this.#locked
    return found?.parcel.value(found.index)
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
    this.flush()
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
      const leases: SharedLease<T>[] = []
      this.#taken = leases
      this.ledger.take(Number.POSITIVE_INFINITY, this.#arena.slot, this)
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
    this.#tellStored()
    clearImmediate(this.#settles)
    this.#arena.close()
  }

  /** Settles and stores what waits for it. */
  flush(): void {
    if (this.#arena.closed || this.#acked.length + this.#back.length + this.#gathering.count === 0) return
    if (this.#enter()) this.#leave()
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
    if (!this.#enter()) return otherwise
    let result: R
    try {
      result = work()
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.#leave()
    return result
  }

  /** Settles what waits for it as well. False if the lock cannot be had now. */
  #enter(): boolean {
    if (!this.#arena.enter()) {
      this.#locked = this.#arena.lockedError()
      return false
    }
    this.#locked = undefined
    if (this.#acked.length > 0 || this.#back.length > 0) this.#settleAll()
    if (this.#gathering.count > 0) this.#storeGathered()
    return true
  }

  #leave(): void {
    this.#arena.leave()
    this.#parcels.open()
    if (this.#done.length > 0) for (const { parcel } of this.#done.splice(0)) parcel.done()
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
    for (const lease of leases) if (lease.parcel.count === 1) this.#done.push(lease)
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
