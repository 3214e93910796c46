import type { Entry, Lease } from '#src/core/entry'
import { FifoShelf } from '#src/core/fifo-shelf'
import { MemoryStore } from '#src/core/memory-store'
import type { Store, StoreListener, Ticket, Wants } from '#src/core/store'

const NOTHING: Wants = { items: false, room: false, rest: false }

/** What several handles share: each tells the others, a turn later, that something has changed. */
export class Place<T> {
  readonly items: MemoryStore<T>
  /** Of every item, encoded. */
  readonly itemBytes: number
  readonly #handles = new Set<LateStore<T>>()
  #told = true

  constructor(capacity: number, byteCapacity = Number.POSITIVE_INFINITY, itemBytes = 1) {
    this.items = new MemoryStore('late', new FifoShelf<T>(), capacity, byteCapacity)
    this.itemBytes = itemBytes
  }

  open(): LateStore<T> {
    const handle = new LateStore<T>(this)
    this.#handles.add(handle)
    return handle
  }

  leave(handle: LateStore<T>): void {
    this.#handles.delete(handle)
    this.changed()
  }

  changed(): void {
    if (!this.#told) return
    this.#told = false
    setImmediate(() => {
      this.#told = true
      for (const handle of this.#handles) handle.look()
    })
  }
}

/**
 * A store with everything that a store may have and the one in memory has not: what is put is stored a turn later and can be
 * given up until then, what others do is heard of only while somebody waits for it, and leases come several at a time, no
 * more of them than somebody wants.
 */
export class LateStore<T> implements Store<T> {
  readonly kind = 'late'
  readonly stride = 8
  ticket: Ticket = 0
  wants = NOTHING
  /** Why nothing can be asked. */
  deaf: Error | undefined
  readonly #place: Place<T>
  readonly #leases = new Set<Lease<T>>()
  #listener: StoreListener | undefined
  /** Nothing that is put arrives, until a `resume`. */
  #paused = false
  #demand = (): number => 0
  /** How many items may still be taken before it is asked again what is wanted. */
  #granted = 0
  #puts: { readonly ticket: Ticket; readonly entries: readonly Entry<T>[] }[] = []

  constructor(place: Place<T>) {
    this.#place = place
  }

  get capacity(): number {
    return this.#place.items.capacity
  }

  get byteCapacity(): number {
    return this.#place.items.byteCapacity
  }

  get ready(): number {
    return this.#place.items.ready + this.#onTheWay(entry => entry.due === 0)
  }

  get delayed(): number {
    return this.#place.items.delayed + this.#onTheWay(entry => entry.due > 0)
  }

  get leased(): number {
    return this.#place.items.leased
  }

  get nextDue(): number {
    return this.#place.items.nextDue
  }

  get shut(): boolean {
    return this.#place.items.shut
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  attend(wants: Wants, demand: () => number): void {
    this.wants = wants
    this.#demand = demand
    this.#place.changed()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#place.changed()
  }

  /** What was put by that many puts before the last one can never be stored. */
  lose(before: number, error: Error): void {
    const [lost] = this.#puts.splice(this.#puts.length - 1 - before, 1)
    if (lost) this.#listener?.failed(lost.ticket, error)
  }

  /** All leases of this handle pass on. */
  disown(): void {
    for (const lease of this.#leases) this.giveBack(lease, 0)
  }

  /** It is gone, for this reason. */
  break(error: unknown): void {
    this.#listener?.broken(error)
  }

  /** Something has changed, here or elsewhere. */
  look(): void {
    this.#arrive()
    const { items, room, rest } = this.wants
    this.#granted = items ? this.#demand() : 0
    if (items || rest) this.#listener?.readable()
    else if (room) this.#listener?.writable()
  }

  async refresh(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    if (this.deaf) throw this.deaf
    this.look()
  }

  seal(entries: readonly Entry<T>[]): void {
    const first = entries[0] as Entry<T>
    for (const entry of entries) entry.bytes = this.#place.itemBytes
    first.parcel = { bytes: new Uint8Array(), count: entries.length }
  }

  offer(entries: readonly Entry<T>[]): boolean {
    if (entries[0]?.parcel?.count !== entries.length) throw new Error('what is put together was not sealed together')
    if (this.ready + this.delayed + this.leased + entries.length > this.capacity) return false
    this.#puts.push({ ticket: ++this.ticket, entries: [...entries] })
    this.#place.changed()
    return true
  }

  withdraw(ticket: Ticket): void {
    const put = this.#puts.find(one => one.ticket === ticket)
    if (!put) return
    this.#puts = this.#puts.filter(one => one !== put)
    this.#listener?.failed(ticket, new Error('it was given up'))
    this.#place.changed()
  }

  take(max: number, now: number): readonly Lease<T>[] {
    const taken = this.#place.items.take(Math.min(max, this.#granted), now)
    this.#granted -= taken.length
    for (const lease of taken) this.#leases.add(lease)
    if (taken.length < max && this.#place.items.ready > 0) this.#place.changed()
    return taken
  }

  ack(lease: Lease<T>): boolean {
    return this.#leases.delete(lease) && this.#change(this.#place.items.ack(lease))
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    return this.#leases.delete(lease) && this.#change(this.#place.items.giveBack(lease, due))
  }

  peek(now: number): T | undefined {
    return this.#place.items.peek(now)
  }

  async shutdown(): Promise<void> {
    this.#change(true)
    this.#place.items.shutdown()
  }

  async reopen(): Promise<void> {
    this.#place.items.reopen()
  }

  async clear(): Promise<T[]> {
    await this.refresh()
    return this.#place.items.clear()
  }

  close(): void {
    this.#puts = []
    this.disown()
    this.wants = NOTHING
    this.#place.leave(this)
  }

  #change(done: boolean): boolean {
    this.#place.changed()
    return done
  }

  #arrive(): void {
    if (this.#paused) return
    const puts = this.#puts
    this.#puts = []
    for (const { entries } of puts) this.#place.items.offer(entries)
    if (puts.length === 0) return
    this.#place.changed()
    this.#listener?.stored((puts[puts.length - 1] as { ticket: Ticket }).ticket)
  }

  #onTheWay(is: (entry: Entry<T>) => boolean): number {
    return this.#puts.reduce((sum, { entries }) => sum + entries.filter(is).length, 0)
  }
}
