import type { Entry } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import type { StoreListener, Ticket } from '../../core/store.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { QueueFullError } from '../../errors/queue-full-error.js'
import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import { Gathering } from './gathering.js'
import type { Ledger } from './ledger.js'
import type { Payload, Sealing, SharedParcel } from './sealing.js'
import type { Section } from './section.js'

const RESOLVED = Promise.resolve()
/** Whoever was seen to wait for each put is not watched for so many more. */
const TRUST = 15

/**
 * The way into a shared queue. What is put together is stored at once, and so is a single put where each is awaited before the
 * next; those that follow one another in the same turn are gathered, and stored together when it ends.
 */
export class Puts<T> {
  listener: StoreListener | undefined
  /** Somebody waits in line for room. */
  waiting = false
  ticket: Ticket = 0
  readonly #arena: Arena
  readonly #ledger: Ledger
  readonly #section: Section
  readonly #sealing: Sealing
  readonly #spill: SpillFolder
  readonly #gathering: Gathering<T>
  #tickets = 0
  #storedTicket = 0
  #burst = false
  #trust = 0

  constructor(arena: Arena, ledger: Ledger, section: Section, sealing: Sealing, spill: SpillFolder) {
    this.#arena = arena
    this.#ledger = ledger
    this.#section = section
    this.#sealing = sealing
    this.#spill = spill
    this.#gathering = new Gathering(sealing.limit)
  }

  /** Items that were taken, and are not stored yet. */
  get count(): number {
    return this.#gathering.count
  }

  /** Some of them found no room when they were to be stored. */
  get isLate(): boolean {
    return this.#gathering.late.length > 0
  }

  seal(entries: readonly Entry<T>[]): void {
    if (entries.length > 1 || !this.#gathers(entries[0] as Entry<T>)) this.#sealing.seal(entries)
  }

  sealValues(values: readonly T[], at: number): readonly Entry<T>[] | undefined {
    return values.length > this.#ledger.views.geometry.capacity ? undefined : this.#sealing.sealValues(values, at)
  }

  adopt(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    return parcel.count > this.#ledger.views.geometry.capacity ? undefined : this.#sealing.adopt(parcel, at)
  }

  offer(entries: readonly Entry<T>[]): boolean {
    this.ticket = 0
    const first = entries[0] as Entry<T>
    if (this.#gathering.isTried(first)) {
      if (this.#takeTried()) return true
      this.hold(entries)
    }
    if (this.#gathering.late.length > 0) this.flush()
    if (this.#gathering.late.length > 0) return false
    const parcels: SharedParcel[] = []
    let payloads: Payload[] | undefined
    for (let at = 0; at < entries.length; ) {
      const parcel = (entries[at] as Entry<T>).parcel as SharedParcel
      parcels.push(parcel)
      if (parcel.payloads) payloads = [...(payloads ?? []), ...parcel.payloads]
      at += parcel.count
    }
    if (payloads) return this.#storeWith(payloads, entries, parcels)
    return this.#store(entries.length, parcels, first.due, first.enqueuedAt)
  }

  /** What was sealed last has to wait: it is encoded alone. */
  hold(entries: readonly Entry<T>[]): void {
    if (!this.#gathering.isTried(entries[0] as Entry<T>)) return
    this.#gathering.drop()
    this.#sealing.seal(entries)
  }

  storeNow(): void {
    if (this.ticket === 0) return
    this.flush()
    if (this.#gathering.count === 0) return
    this.withdraw(this.ticket)
    throw this.#section.locked ?? new QueueFullError('the queue is full')
  }

  withdraw(ticket: Ticket): void {
    const gathering = this.#gathering
    if (gathering.late.length === 0) gathering.postpone()
    const at = gathering.late.findIndex(late => late.ticket === ticket)
    if (at < 0) return
    gathering.late.splice(at, 1)
    this.#fail(ticket, new QueueFullError('the put was given up'))
  }

  flush(): void {
    if (this.#gathering.count > 0 && !this.#arena.closed && this.#section.enter()) this.#section.leave()
  }

  /** Under the lock: stores what was gathered. */
  write(): void {
    const gathering = this.#gathering
    if (gathering.count === 0) return
    if (gathering.late.length === 0) {
      gathering.dropTried()
      if (this.#put(gathering.parcels(), gathering.count, 0, gathering.at)) {
        gathering.stored()
        this.#storedUpTo(gathering.lastTicket)
        return
      }
      gathering.postpone()
    }
    for (let next = gathering.late[0]; next; next = gathering.late[0]) {
      if (this.#isShut()) this.#fail(next.ticket, new QueueClosedError('the queue was shut down'))
      else if (this.#put([next.parcel], 1, 0, next.at)) this.#storedUpTo(next.ticket)
      else {
        this.#arena.arm(ROOM)
        return
      }
      gathering.late.shift()
    }
  }

  /** Tells what is stored; as a rule in a microtask, when whoever put last knows the ticket. */
  readonly tellStored = (): void => this.listener?.stored(this.#storedTicket)

  #isShut(): boolean {
    return this.#ledger.views.shut > 0
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

  /** Stored at once, so that nobody who waits for each is held up, unless they come in a burst. */
  #takeTried(): boolean {
    const gathering = this.#gathering
    if (this.#burst || gathering.count > 0) {
      if (!this.#seemsToFit()) return false
      this.ticket = ++this.#tickets
      gathering.taken(this.ticket)
      return true
    }
    if (!this.#store(1, gathering.parcels(), 0, gathering.at)) return false
    gathering.stored()
    if (this.#trust-- > 0) return true
    this.#burst = true
    RESOLVED.then(this.#endBurst)
    return true
  }

  /** As far as can be seen without the lock. */
  #seemsToFit(): boolean {
    const { held, views, space } = this.#ledger
    if (this.#isShut() || held + this.count >= views.geometry.capacity) return false
    return space.fits(this.#gathering.recordBytes)
  }

  readonly #endBurst = (): void => {
    this.#burst = false
    this.#trust = this.#gathering.count === 0 ? TRUST : 0
    this.flush()
  }

  /** What is too large for the ring is written first, and taken away again if the item is not stored. */
  #storeWith(payloads: readonly Payload[], entries: readonly Entry<T>[], parcels: readonly SharedParcel[]): boolean {
    const ledger = this.#ledger
    // What this handle has settled may have to be written first.
    if (ledger.isFull && !this.#section.within(() => this.#hasRoom(), false)) return false
    if (ledger.held === 0) this.#spill.sweep()
    try {
      for (const { reference, source } of payloads) this.#spill.write(reference, source)
    } catch (error) {
      for (const { reference } of payloads) this.#spill.drop(reference)
      this.ticket = ++this.#tickets
      this.#fail(this.ticket, error)
      return true
    }
    const { due, enqueuedAt } = entries[0] as Entry<T>
    const stored = this.#store(entries.length, parcels, due, enqueuedAt)
    if (!stored) for (const { reference } of payloads) this.#spill.drop(reference)
    return stored
  }

  #store(count: number, parcels: readonly Parcel[], due: number, at: number): boolean {
    if (!this.#section.enter()) return false
    let stored = false
    try {
      stored = this.#put(parcels, count, due, at)
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.#section.leave()
    return stored
  }

  /** Under the lock. */
  #put(parcels: readonly SharedParcel[], count: number, due: number, at: number): boolean {
    const ledger = this.#ledger
    if (!this.#isShut() && ledger.put(parcels, count, due, at)) {
      // Whoever waits for the time to come must know it.
      this.#arena.wake(ITEMS, due > 0 ? undefined : 1)
      if (ledger.held < ledger.views.geometry.capacity) this.#arena.wake(ROOM, 1)
      return true
    }
    this.#refused()
    return false
  }

  /** Under the lock. */
  #hasRoom(): boolean {
    if (!this.#ledger.isFull) return true
    this.#refused()
    return false
  }

  /** Under the lock. */
  #refused(): void {
    if (this.waiting) this.#arena.arm(ROOM)
    // Whoever holds items back until no more can come must look.
    this.#arena.wake(REST)
  }

  #storedUpTo(ticket: Ticket): void {
    this.#storedTicket = ticket
    RESOLVED.then(this.tellStored)
  }

  #fail(ticket: Ticket, error: unknown): void {
    RESOLVED.then(() => this.listener?.failed(ticket, error))
  }
}
