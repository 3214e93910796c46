import type { Entry, Lease } from '../../core/entry.js'
import { FRAME_ROOM } from '../../core/frames.js'
import type { Parcel } from '../../core/parcel.js'
import { packParcel } from '../../core/parcel-codec.js'
import type { Store, StoreListener, Ticket, Wants } from '../../core/store.js'
import type { Wire } from '../../core/wire.js'
import { ItemTooLargeError } from '../../errors/item-too-large-error.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { Asks } from './asks.js'
import { Belief } from './belief.js'
import { type ConnectionEvents, type ConnectionTerms, HostConnection } from './host-connection.js'
import { LeaseWindow } from './lease-window.js'
import type { Question, ToClient, ToHost, Welcome } from './protocol.js'
import { PutLog, putMessage } from './put-log.js'

/** Bytes of items that one subscription may have out unsettled, times eight; as of a queue that holds bytes. */
const BYTES = 64 * 1024 * 1024
/** Items that come before the host is told that they did, at the latest, in bytes. */
const TELL_EVERY = 128 * 1024

const NO_WANTS: Wants = { items: false, room: false, rest: false }

type Want = Extract<ToHost, { type: 'want' }>

/** A queue that another process hosts, seen from a client: a window of leased items, and the puts that are on their way. */
export class SocketStore<T> implements Store<T>, ConnectionEvents {
  readonly kind = 'hosted'
  readonly stride = 64
  readonly nextDue = Number.POSITIVE_INFINITY
  /** As the host said when it let this client in. */
  welcome!: Welcome
  readonly #connection: HostConnection
  readonly #onUndeliverable: (error: unknown) => void
  #listener: StoreListener | undefined
  readonly #belief = new Belief()
  readonly #log = new PutLog()
  readonly #asks = new Asks(message => this.#connection.wire?.send(message))
  readonly #window = new LeaseWindow<T>(this.#belief)
  #wants = NO_WANTS
  #demand = (): number => 0
  /** What the host was told last that this client wants. */
  #told: Want | undefined

  /** `onUndeliverable` hears of an item that the host cannot send. */
  constructor(terms: ConnectionTerms, onUndeliverable: (error: unknown) => void) {
    this.#connection = new HostConnection(terms, this)
    this.#onUndeliverable = onUndeliverable
  }

  open(signal: AbortSignal | undefined): Promise<void> {
    return this.#connection.open(signal)
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
    this.#stay()
  }

  // ── how full it is ──────────────────────────────────────────────────────────────────────────────────────────────

  get capacity(): number {
    return this.welcome.capacity
  }

  get byteCapacity(): number {
    return Math.min(this.welcome.byteCapacity, BYTES)
  }

  get priorities(): boolean {
    return this.welcome.priorities
  }

  get keys(): boolean {
    return this.welcome.keys
  }

  /** What waits here for a reader is nobody's yet. */
  get ready(): number {
    return this.#belief.ready + this.#window.length
  }

  get delayed(): number {
    return this.#belief.delayed
  }

  get leased(): number {
    return this.#belief.leased - this.#window.length
  }

  get full(): boolean {
    return this.#belief.full || this.ready + this.delayed + this.leased >= this.capacity
  }

  get shut(): boolean {
    return this.#belief.shut
  }

  attend(wants: Wants, demand: () => number): void {
    this.#wants = wants
    this.#demand = demand
    this.#stay()
    this.#wake()
  }

  async refresh(): Promise<void> {
    await this.ask('refresh')
  }

  ask(what: Question, parcel?: Uint8Array): Promise<unknown> {
    // The answer has to know of everything that was done before.
    this.turn()
    const answer = this.#asks.ask(what, parcel)
    this.#stay()
    this.#wake()
    return answer
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  get ticket(): Ticket {
    return this.#log.number
  }

  seal(entries: readonly Entry<T>[]): void {
    const parcel = packParcel(entries)
    const most = this.welcome.frameLimit - FRAME_ROOM
    if (parcel.bytes.length > most) {
      const size = `${parcel.bytes.length} bytes, and the host takes ${most}`
      throw new ItemTooLargeError(`what is put takes ${size}: put less at a time, or raise its frameLimit`)
    }
    const first = entries[0] as Entry<T>
    first.parcel = parcel
  }

  offer(entries: readonly Entry<T>[]): boolean {
    const parcel = entries[0]?.parcel as Parcel
    if (this.ready + this.delayed + this.leased + entries.length > this.capacity || this.#belief.full) return false
    if (!this.#log.hasRoomFor(parcel)) return false
    const put = this.#log.add(entries, parcel)
    this.#connection.wire?.send(putMessage(put), parcel.bytes.length)
    this.#count(put)
    this.#stay()
    return true
  }

  withdraw(ticket: Ticket): void {
    const put = this.#log.get(ticket)
    if (!put) return
    put.withdrawn = true
    this.#connection.wire?.send({ type: 'withdraw', number: ticket })
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  take(max: number): readonly Lease<T>[] {
    const taken = this.#window.take(max)
    // Somebody would have taken more.
    if (taken.length < max) this.#wake()
    return taken
  }

  ack(lease: Lease<T>): boolean {
    this.#wake()
    return this.#window.ack(lease)
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    this.#wake()
    return this.#window.giveBack(lease, due)
  }

  handedOver(lease: Lease<T>): void {
    this.#wake()
    this.#window.handedOver(lease)
  }

  peek(): undefined {}

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async shutdown(): Promise<void> {
    await this.#setShut(true)
  }

  async reopen(): Promise<void> {
    await this.#setShut(false)
  }

  async clear(): Promise<T[]> {
    return (await this.ask('clear')) as T[]
  }

  close(): Promise<void> {
    this.#wants = NO_WANTS
    this.#asks.abandon(new QueueClosedError('this handle was closed before the host answered'))
    this.turn()
    this.#window.lose()
    return this.#connection.close()
  }

  #setShut(shut: boolean): Promise<unknown> {
    const answer = this.ask(shut ? 'shutdown' : 'reopen')
    this.#belief.shutting(shut, (this.#connection.wire?.sent ?? 0) + 1)
    return answer
  }

  // ── what the connection tells ───────────────────────────────────────────────────────────────────────────────────

  opened(welcome: Welcome, wire: Wire<ToClient, ToHost>): Error | undefined {
    if (this.welcome && !isSameQueue(this.welcome, welcome)) {
      return new QueueClosedError(`another queue than ${this.welcome.name} is hosted at its address now: open that one`)
    }
    this.welcome = welcome
    this.#told = undefined
    this.#stored(welcome.stored)
    this.#recount()
    for (const put of this.#log) {
      wire.send(putMessage(put), put.parcel.length)
      if (put.withdrawn) wire.send({ type: 'withdraw', number: put.number })
    }
    this.#asks.again(new QueueLinkError('the connection was lost before the host answered', 'ERR_CONNECTION'))
    wire.wake()
    return undefined
  }

  messages(messages: readonly ToClient[]): void {
    for (const message of messages) this.#hear(message)
    this.#stay()
    this.#listener?.readable()
    this.#wake()
  }

  /** Leases are the host's again, and come again; puts wait to be repeated. */
  lost(): void {
    this.#window.lose()
    this.#recount()
    this.#listener?.readable()
  }

  broken(error: Error): void {
    this.#window.lose()
    this.#asks.abandon(error)
    // It may break before there is a queue.
    this.#listener?.broken(error)
  }

  /** Everything that is to be said in this turn. */
  turn(): void {
    const { wire } = this.#connection
    if (!wire) return
    const demand = this.#wants.items ? this.#demand() : 0
    this.#window.releaseBut(demand)
    const news = this.#window.news()
    if (news) wire.send(news, 4 * news.acked.length)
    this.#tellWants(wire, demand - this.#window.length)
    this.#belief.told(wire.sent + 1)
  }

  #hear(message: ToClient): void {
    switch (message.type) {
      case 'items':
        return this.#window.receive(message)
      case 'stored':
        return this.#stored(message.number)
      case 'failed':
        if (this.#log.close(message.number)) this.#listener?.failed(message.number, message.error)
        return
      case 'standing':
        return this.#belief.hear(message)
      case 'part':
        return this.#asks.part(message)
      case 'answer':
        return this.#asks.answered(message)
      case 'undeliverable':
        return this.#onUndeliverable(message.error)
      case 'ping':
        return this.#connection.wire?.send({ type: 'pong' })
      case 'welcome':
      case 'bye':
        return
      default:
        throw new QueueLinkError('the host said something unknown', 'ERR_PROTOCOL', { cause: message })
    }
  }

  #stored(number: number): void {
    this.#log.closeUpTo(number)
    this.#listener?.stored(number)
  }

  #tellWants(wire: Wire<ToClient, ToHost>, items: number): void {
    const { room, rest } = this.#wants
    const told = this.#told
    const same = told ? told.room === room && told.rest === rest : !room && !rest
    if (same && items === 0 && (told?.items ?? 0) === 0) return
    if (told && same) {
      // The host may go on for a while with what it knows.
      const more = items + this.#window.received - (told.items + told.seen)
      if (more >= 0 && more < items / 2 && this.#window.bytesUntold < TELL_EVERY) return
    }
    this.#told = { type: 'want', items: Math.max(0, items), seen: this.#window.received, room, rest }
    this.#window.bytesUntold = 0
    wire.send(this.#told)
  }

  /** Nothing that was done over an earlier connection counts, but what has to be put again. */
  #recount(): void {
    this.#belief.forget()
    for (const put of this.#log) this.#count(put)
  }

  #count({ count, due }: { count: number; due: number }): void {
    this.#belief.change(due > 0 ? 0 : count, due > 0 ? count : 0, 0)
  }

  #wake(): void {
    this.#connection.wire?.wake()
  }

  #stay(): void {
    const { items, room, rest } = this.#wants
    this.#connection.keepsAlive = items || room || rest || this.#log.length > 0 || this.#asks.length > 0
  }
}

/** What waits to be repeated is for one queue. Those in memory are named by chance; the others keep their names. */
function isSameQueue(one: Welcome, other: Welcome): boolean {
  if (one.kind !== other.kind || one.joinable !== other.joinable) return false
  return one.name === other.name || !['shared', 'durable'].includes(one.kind)
}
