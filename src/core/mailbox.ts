import { QueueClosedError } from '../errors/queue-closed-error.js'
import { clock, timestamp } from '../util/clock.js'
import { behind, type Task, trampoline } from '../util/trampoline.js'
import { type DeadLetter, deadHeaders } from './dead-letter.js'
import { Entry, type Lease, NO_HEADERS } from './entry.js'
import type { Gate } from './inlet.js'
import { QueueMetrics } from './metrics.js'
import type { CommonOptions } from './options.js'
import { PutLine } from './put-line.js'
import { Rests } from './rests.js'
import { checked, type StandardSchema } from './schema.js'
import type { Store, StoreListener, Ticket } from './store.js'
import type { Taker } from './taker.js'
import { Takers } from './takers.js'

/** A drain hands over this many items before it steps aside for other drains that wait. */
const SLICE = 256

export interface EntryOptions {
  priority?: number
  delay?: number
  key?: string
  headers?: Record<string, string>
}

export interface NackOptions {
  /** False: the item goes to the dead-letter queue, or away. True by default. */
  requeue?: boolean
  /** Milliseconds until the item may be handed out again. */
  delay?: number
  reason?: unknown
}

/** What became of a delivery that was not acknowledged. `exhausted`: it is back, but has used up its attempts. */
export type NackOutcome = 'back' | 'exhausted' | 'gone' | 'lost'

interface Watch {
  readonly holds: () => boolean
  readonly callback: () => void
}

/**
 * Everything that a queue does over a store, whatever the store: who is next to put and to take, settling, failing,
 * ending. Promises and rxjs are the business of its callers.
 */
export class Mailbox<T> implements Task, StoreListener, Gate<T> {
  readonly store: Store<T>
  readonly name: string
  readonly metrics = new QueueMetrics()
  readonly line: PutLine<T>
  readonly takers = new Takers<T>()
  /** Every subscription and waiting call, wanting or not: whom the end concerns. */
  readonly audience = new Set<Taker<T>>()
  readonly rests: Rests<T>
  readonly maxAttempts: number
  /** Of a joinable queue: what a handler of its items must run inside, so that a `join()` in it is known as a deadlock. */
  handling: (<R>(handler: () => R) => R) | undefined
  readonly #deadLetter: DeadLetter<T> | undefined
  readonly #schema: StandardSchema<T> | undefined
  readonly #watches = new Set<Watch>()
  #scheduled = false
  #discarding = false
  #cancelTimer: (() => void) | undefined
  #timerFor = Number.POSITIVE_INFINITY
  #lastWord: unknown
  /** Why this handle can do no more. */
  #ended: Error | undefined

  constructor(store: Store<T>, o: CommonOptions<T> & { name: string; maxAttempts: number }) {
    this.store = store
    this.name = o.name
    this.maxAttempts = o.maxAttempts
    this.#deadLetter = o.deadLetter
    this.#schema = o.schema
    this.line = new PutLine(store, () => this.review())
    this.rests = new Rests(lease => this.giveBack(lease, 0))
    store.listen(this)
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Throws what the schema says. */
  entry(value: T, o?: EntryOptions): Entry<T> {
    if (this.#schema) value = checked(this.#schema, value)
    if (o === undefined) return new Entry(value, timestamp())
    const due = o.delay ? clock.now() + o.delay : 0
    return new Entry(value, timestamp(), due, o.priority ?? 0, o.headers ?? NO_HEADERS, o.key)
  }

  /** Throws if nothing can be put any more. */
  assertOpen(): void {
    if (this.#ended) throw this.#ended
    if (this.store.shut) throw new QueueClosedError(`${this.name} is shut down; reopen() lets items in again`)
  }

  took(): void {
    if (this.takers.length > 0) this.kick()
  }

  refused(): void {
    this.metrics.refused++
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  enrol(taker: Taker<T>): void {
    this.audience.add(taker)
    if (this.#ended) {
      this.leave(taker)
      taker.end(this.#ended)
    } else this.want(taker)
  }

  /** The taker has demand again. */
  want(taker: Taker<T>): void {
    if (taker.demand <= 0) return
    this.takers.add(taker)
    this.kick()
  }

  leave(taker: Taker<T>): void {
    this.audience.delete(taker)
    this.takers.delete(taker)
    if (this.takers.length === 0) this.#disarm()
  }

  /** Leases up to `max` items past the turn of others; only for a caller whose turn it is. */
  takeNow(max: number): readonly Lease<T>[] {
    return this.#ended ? [] : this.store.take(max, this.#now())
  }

  peek(): T | undefined {
    return this.store.peek(this.#now())
  }

  /** Counts a hand-over to user code and answers the value as the schema passes it. */
  handOver(lease: Lease<T>): T {
    lease.attempt++
    this.store.handedOver?.(lease)
    this.metrics.handedOver++
    return this.#schema ? checked(this.#schema, lease.value) : lease.value
  }

  ack(lease: Lease<T>): boolean {
    const done = this.store.ack(lease)
    if (done) this.metrics.acked++
    else this.metrics.lateSettles++
    if (this.line.length > 0 || this.store.shut || this.#watches.size > 0) this.kick()
    return done
  }

  /** Back to its place, as if it had not been handed out. */
  giveBack(lease: Lease<T>, due: number): boolean {
    if (this.#discarding) {
      const done = this.ack(lease)
      if (done) this.metrics.discarded++
      return done
    }
    const done = this.store.giveBack(lease, due)
    if (!done) this.metrics.lateSettles++
    this.kick()
    return done
  }

  nack(lease: Lease<T>, o: NackOptions = {}): NackOutcome {
    if (this.#ended) {
      this.metrics.lateSettles++
      return 'lost'
    }
    this.metrics.nacked++
    const exhausted = lease.attempt >= this.maxAttempts
    if (this.#deadLetter && (exhausted || o.requeue === false)) {
      this.#bury(this.#deadLetter, lease, o.reason)
      return 'gone'
    }
    if (o.requeue === false) {
      const done = this.ack(lease)
      if (done) this.metrics.discarded++
      return done ? 'gone' : 'lost'
    }
    if (o.delay === undefined && !this.#discarding) this.rests.add(lease)
    else if (!this.giveBack(lease, o.delay ? clock.now() + o.delay : 0)) return 'lost'
    return exhausted ? 'exhausted' : 'back'
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing is held, ready, delayed or out with anyone. */
  get idle(): boolean {
    return this.store.ready === 0 && this.store.delayed === 0 && this.store.leased === 0
  }

  /** Calls back, once, as soon as the condition, which settling can bring about, holds; the answer cancels it. */
  when(holds: () => boolean, callback: () => void): () => void {
    const watch = { holds, callback }
    this.#watches.add(watch)
    this.kick()
    return () => this.#watches.delete(watch)
  }

  /** Something that settles nothing may have made a condition hold that somebody waits for. */
  review(): void {
    if (this.#watches.size > 0) this.kick()
  }

  /** `lastWord`: the error with which readers end, instead of completing, when they have drained what is left. */
  shutdown(immediate: boolean, lastWord?: unknown): T[] {
    this.store.shutdown()
    this.#lastWord = lastWord
    const left = immediate ? this.store.clear() : []
    this.#discarding = immediate
    this.line.refuse(new QueueClosedError(`${this.name} was shut down while the item waited for room`))
    if (immediate) this.rests.stop()
    this.kick()
    return left
  }

  reopen(): void {
    this.#discarding = false
    this.store.reopen()
  }

  /** Lets go of this handle. With an error, the store broke; without, the user closed it. */
  close(error?: Error): void {
    if (this.#ended) return
    this.#ended = error ?? new QueueClosedError(`this handle of ${this.name} is closed`)
    this.line.refuse(this.#ended)
    this.line.abandon(this.#ended)
    this.rests.stop()
    this.#disarm()
    this.store.close()
    for (const taker of [...this.audience]) {
      this.leave(taker)
      taker.end(this.#ended)
    }
  }

  get ended(): Error | undefined {
    return this.#ended
  }

  // ── the drain ───────────────────────────────────────────────────────────────────────────────────────────────────

  kick(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    trampoline(this)
  }

  run(): void {
    this.#scheduled = false
    if (this.#ended) return
    if (this.line.length > 0) this.line.flush()
    let budget = SLICE
    for (let taker = this.takers.first(); taker; taker = this.takers.first()) {
      const count = this.#serve(taker)
      if (count === 0) break
      budget -= count
      if (budget <= 0 && (behind() > 0 || this.line.length > 0)) {
        this.kick()
        return
      }
    }
    if (this.store.delayed > 0 || this.#cancelTimer) this.#arm()
    // Where another run is due already, what holds now may not hold after it.
    if (this.#watches.size > 0 && !this.#scheduled) this.#look()
    if (this.store.shut && this.idle && this.line.length === 0) this.#complete()
  }

  /** Hands one taker what it may have in one turn; answers how many left the store. */
  #serve(taker: Taker<T>): number {
    const taken = this.store.take(Math.min(taker.demand, this.store.stride), this.#now())
    for (const lease of taken) {
      if (taker.demand > 0) taker.accept(lease)
      else this.giveBack(lease, 0)
    }
    this.takers.served(taker)
    return taken.length
  }

  /** Reading the clock for each item costs as much as moving it; only delayed items need it. */
  #now(): number {
    return this.store.delayed > 0 ? clock.now() : 0
  }

  #look(): void {
    for (const watch of [...this.#watches]) {
      if (watch.holds() && this.#watches.delete(watch)) watch.callback()
    }
  }

  #complete(): void {
    for (const taker of [...this.audience]) {
      this.leave(taker)
      taker.end(this.#lastWord)
    }
  }

  /** One timer, for the first delayed item, and only while somebody waits for it. */
  #arm(): void {
    const due = this.takers.length > 0 ? this.store.nextDue : Number.POSITIVE_INFINITY
    if (due === this.#timerFor) return
    this.#disarm()
    if (due === Number.POSITIVE_INFINITY) return
    this.#timerFor = due
    this.#cancelTimer = clock.after(Math.max(0, due - clock.now()), () => {
      this.#timerFor = Number.POSITIVE_INFINITY
      this.kick()
    })
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerFor = Number.POSITIVE_INFINITY
  }

  /** The item leaves this queue only when the dead-letter queue has stored it; where that fails, it comes back. */
  #bury(deadLetter: DeadLetter<T>, lease: Lease<T>, reason: unknown): void {
    deadLetter.put(lease.value, { headers: deadHeaders(lease, this.name, reason) }).then(
      () => {
        this.metrics.deadLettered++
        this.ack(lease)
      },
      () => this.rests.add(lease),
    )
  }

  // ── what the store tells ────────────────────────────────────────────────────────────────────────────────────────

  readable(): void {
    this.kick()
  }

  writable(): void {
    this.kick()
  }

  stored(ticket: Ticket): void {
    this.line.stored(ticket)
  }

  failed(ticket: Ticket, error: unknown): void {
    this.line.failed(ticket, error)
  }

  broken(error: unknown): void {
    this.close(error instanceof Error ? error : new QueueClosedError(`${this.name} broke`, { cause: error }))
  }
}
