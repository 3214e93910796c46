import type { Entry, Lease } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { packParcel } from '../../core/parcel-codec.js'
import type { QueueStat } from '../../core/queue-stat.js'
import type { Store, StoreListener, Wants } from '../../core/store.js'
import { QueueNotFoundError } from '../../errors/queue-not-found-error.js'
import { type Arena, ITEMS as NEWS_ITEMS, REST as NEWS_REST, ROOM as NEWS_ROOM } from '../../os/arena.js'
import { Books } from './books.js'
import { clearAll } from './clear.js'
import type { Changes, Put, Work } from './commit.js'
import { Compaction } from './compaction.js'
import { DamagedRecords } from './damage.js'
import type { Database } from './database.js'
import type { DurableLease } from './durable-lease.js'
import { HeldLeases } from './held-leases.js'
import { Journal } from './journal.js'
import { ACKED, LEASED, MOVING, tooManyOut } from './lease-table.js'
import { Ledger } from './ledger.js'
import type { Payloads } from './payloads.js'
import { Sealer } from './sealer.js'
import { Section } from './section.js'
import { arenaOptions, type DurableStoreOptions } from './store-options.js'
import { Taking } from './taking.js'

const NONE: readonly never[] = []

/** Items on disk, shared by all processes that open the same directory; who has leased which is kept in memory that they share. */
export class DurableStore<T> implements Store<T> {
  readonly kind = 'durable'
  readonly byteCapacity = Number.POSITIVE_INFINITY
  readonly stride = 256
  readonly priorities = true
  readonly keys = true
  ticket = 0
  readonly #section: Section
  #arena!: Arena
  #ledger!: Ledger
  #books!: Books
  readonly #journal: Journal
  readonly #payloads: Payloads
  readonly #sealer: Sealer
  readonly #db: Database
  #taking!: Taking<T>
  #listener: StoreListener | undefined
  #held!: HeldLeases<T>
  #compaction!: Compaction
  readonly #damaged: DamagedRecords
  #isClosed = false
  readonly #release: () => Promise<void>

  constructor(o: DurableStoreOptions) {
    this.#db = o.database
    this.#payloads = o.payloads
    this.#release = o.release
    this.#sealer = new Sealer(o.payloads, o.itemSize)
    this.#journal = new Journal(o.database, o.payloads, o.keyTtl, {
      mayCommit: () => this.#compaction.mayCommit,
      allowedNow: () => this.#compaction.overNow(),
      allowed: () => this.#compaction.over(),
      departing: (transaction, { puts }) => this.#books.departing(transaction, puts),
      committed: (work, changes) => this.#committed(work, changes),
      failed: (puts, error) => this.#failed(puts, error),
    })
    this.#damaged = new DamagedRecords(this.#journal, () => this.#section.do(() => this.#recount()))
    // Before it answers, it may ask to take over from a dead participant.
    this.#section = new Section(arenaOptions(o), arena => {
      this.#arena = arena
      this.#ledger = new Ledger(arena.buffer, arena.offset)
      this.#books = new Books(this.#ledger, arena, this.#db)
      this.#held = new HeldLeases(this.#ledger, () => arena.slot)
      this.#compaction = new Compaction(this.#db, this.#ledger, arena, () => this.#section)
      this.#taking = new Taking(this.#db, this.#ledger, o.payloads, () => this.#compaction.follow(), this.#damaged)
      return {
        repair: () => this.#recount(),
        reap: slot => this.#reap(slot),
        news: conditions => this.#news(conditions),
        unlocked: () => this.#unlocked(),
        ending: () => this.#journal.endForGood(),
      }
    })
  }

  // ── state ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get capacity(): number {
    return this.#ledger.capacity
  }

  get ready(): number {
    const { held, leased } = this.#ledger
    return Math.max(0, held - leased - this.delayed)
  }

  get delayed(): number {
    const { delayed } = this.#ledger
    return delayed === 0 ? 0 : Math.max(0, delayed - this.#taking.due.count)
  }

  get leased(): number {
    return this.#ledger.leased
  }

  get nextDue(): number {
    return this.#taking.due.next
  }

  get shut(): boolean {
    return this.#ledger.shut || this.#ledger.removed
  }

  get locked(): Error | undefined {
    return this.#section.locked
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  attend({ items, room, rest }: Wants): void {
    if (this.#isClosed) return
    const wants = (items ? NEWS_ITEMS : 0) | (room ? NEWS_ROOM : 0) | (rest ? NEWS_REST : 0)
    this.#arena.attend(wants)
    if (wants !== 0) this.#listener?.readable()
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  seal(entries: readonly Entry<T>[]): void {
    this.#sealer.seal(entries)
  }

  adopt(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    return parcel.count > this.capacity ? undefined : this.#sealer.adopt(parcel, at)
  }

  offer(entries: readonly Entry<T>[]): boolean {
    return this.#offer(entries, undefined)
  }

  offerOnce(entries: readonly Entry<T>[], client: string, number: number): boolean {
    return this.#offer(entries, { name: client, number })
  }

  storeNow(): void {
    this.#journal.flush()
  }

  #offer(entries: readonly Entry<T>[], client: Put['client']): boolean {
    const { 0: first, length: count } = entries
    if (!first) return false
    const fits = this.#section.within(() => {
      const ledger = this.#ledger
      if (ledger.held + count > ledger.capacity) return false
      ledger.account(this.#arena.slot).accept(count, first.due > 0 ? count : 0)
      ledger.held += count
      if (first.due > 0) ledger.delayed += count
      return true
    }, false)
    if (!fits) return false
    this.#journal.put({
      ticket: ++this.ticket,
      ...this.#sealer.opened(entries),
      count,
      due: first.due,
      priority: first.priority,
      at: first.enqueuedAt,
      key: first.key,
      client,
    })
    return true
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(max: number, now: number, sealed = false): readonly Lease<T>[] {
    // What this handle has settled, and not written, takes up the room of new leases.
    if (this.#ledger.table.crowded) this.#journal.end()
    if (max <= 0) return NONE
    return this.#section.within<readonly Lease<T>[]>(() => {
      const leases = this.#taking.take(max, now, this.#arena.slot, sealed)
      this.#held.add(leases)
      if (leases.length === 0 && this.#ledger.table.crowded && this.ready > 0) this.#section.locked = tooManyOut()
      return leases
    }, NONE)
  }

  peek(now: number): T | undefined {
    const found = this.#section.within(() => [this.#taking.peek(now)], undefined)
    if (!found) throw this.locked
    return found[0]
  }

  handedOver(lease: Lease<T>): void {
    if (this.#held.has(lease)) this.#section.do(() => this.#held.setState(lease, LEASED))
  }

  ack(given: Lease<T>): boolean {
    const lease = this.#held.end(given)
    if (!lease) return false
    this.#section.do(() => {
      const ledger = this.#ledger
      this.#held.setState(lease, ACKED)
      ledger.leased--
      ledger.held--
      this.#arena.wake(NEWS_ROOM)
      if (ledger.held === 0) this.#arena.wake(NEWS_REST)
    })
    this.#journal.settle(lease)
    return true
  }

  giveBack(given: Lease<T>, due: number): boolean {
    const lease = this.#held.end(given)
    if (!lease) return false
    if (due > 0) this.#delay(lease, due)
    else
      this.#section.do(() => {
        this.#held.return(lease)
        this.#arena.wake(NEWS_ITEMS, 1)
      })
    return true
  }

  #delay(lease: DurableLease<T>, due: number): void {
    const { item } = lease
    const { bytes } = packParcel([item])
    this.#section.do(() => {
      this.#held.setState(lease, MOVING)
      this.#ledger.leased--
      this.#ledger.delayed++
    })
    this.#journal.move({ from: lease, item, parcel: bytes, due, attempt: lease.attempt, priority: lease.priority })
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  shutdown(): Promise<void> {
    return this.#setShut(true)
  }

  reopen(): Promise<void> {
    return this.#setShut(false)
  }

  #setShut(shut: boolean): Promise<void> {
    this.#ledger.shut = shut
    this.#section.do(() => this.#section.wakeAll())
    return this.#journal.do((_, meta) => void Object.assign(meta, { shut }))
  }

  clear(): Promise<T[]> {
    return clearAll<T>(this.#ledger, this.#arena, this.#journal, this.#payloads)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const leases = this.#held.endAll()
    this.#section.do(() => {
      for (const lease of leases) this.#held.return(lease)
      this.#arena.wake(NEWS_ITEMS)
    })
    await this.#journal.drain()
    await this.#compaction.done()
    this.#arena.close()
    await this.#release()
  }

  // ── what others do ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Counts what is on disk, and takes over from those who have died. */
  async begin(capacity: number | undefined): Promise<void> {
    await this.#section.eventually(() => {
      const isAlone = this.#arena.participants().every(({ slot, alive }) => slot === this.#arena.slot || !alive)
      if (!isAlone && this.#ledger.version > 0) return
      this.#compaction.settle()
      this.#ledger.shut = this.#db.meta.shut
      this.#ledger.removed = false
    })
    // The lock was free just now: where somebody holds it, nobody is reaped.
    this.#arena.reap()
    await this.#compaction.over()
    await this.#section.eventually(() => this.#recount())
    if (capacity === undefined || capacity === this.#db.meta.capacity) return
    this.#ledger.capacity = capacity
    await this.#journal.do((_, meta) => void Object.assign(meta, { capacity }))
  }

  /** What its kind alone can tell: the bytes are those that its files hold. */
  stat(): Partial<QueueStat> {
    const participants = this.#arena.participants().filter(({ alive }) => alive).length
    const [waitingToTake, waitingToPut] = [this.#arena.waiters(NEWS_ITEMS), this.#arena.waiters(NEWS_ROOM)]
    return { bytes: this.#db.space.used, participants, waitingToTake, waitingToPut }
  }

  /** Every item, whoever holds it. */
  readonly snapshot = () => this.#taking.snapshot()

  /** Gives the disk back what is free in the data file. */
  async compact(): Promise<void> {
    await this.#journal.drain()
    await this.#compaction.run()
  }

  #recount(): void {
    this.#compaction.follow()
    this.#books.recount()
  }

  #reap(slot: number): void {
    const adopted = this.#books.reap(slot)
    this.#db.forgetReaders()
    if (this.#ledger.compacting === slot) this.#compaction.inherit()
    this.#recount()
    this.#section.wakeAll()
    for (const place of adopted) this.#journal.settle(place)
  }

  /** Before the queue's directory is removed: others are told. */
  remove(): void {
    if (this.#isClosed) return
    this.#ledger.removed = true
    this.#section.do(() => this.#section.wakeAll())
  }

  #news(conditions: number): void {
    if (this.#ledger.removed) {
      this.#listener?.broken(new QueueNotFoundError('the queue was removed by another process'))
      return
    }
    this.#arena.arm(conditions)
    if ((conditions & NEWS_ROOM) !== 0) this.#listener?.writable()
    if ((conditions & ~NEWS_ROOM) !== 0) this.#listener?.readable()
  }

  #unlocked(): void {
    this.#section.unlocked()
    this.#listener?.readable()
    this.#listener?.writable()
  }

  // ── commits ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #committed(work: Work, changes: Changes): void {
    this.#section.do(() => this.#books.published(work, changes))
    const last = work.puts.at(-1)
    if (changes.repeated > 0) this.#listener?.repeated(changes.repeated)
    if (last) this.#listener?.stored(last.ticket)
    this.#listener?.readable()
    if (changes.repeated > 0) this.#listener?.writable()
    if (work.settled.length > 0) void this.#compaction.consider()
  }

  #failed(puts: readonly Put[], error: unknown): void {
    if (puts.length === 0) return
    this.#section.do(() => this.#books.refused(puts))
    for (const { ticket } of puts) this.#listener?.failed(ticket, error)
    this.#listener?.writable()
  }
}
