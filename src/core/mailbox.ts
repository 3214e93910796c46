import { QueueClosedError } from '../errors/queue-closed-error.js'
import { behind, enter, leave, stepAside, type Task, trampoline } from '../util/trampoline.js'
import { Alarm } from './alarm.js'
import { Attention } from './attention.js'
import { discard } from './discard.js'
import type { Entry, EntryOptions, Lease } from './entry.js'
import { EntryMaker } from './entry-maker.js'
import type { Gate } from './inlet.js'
import { QueueMetrics } from './metrics.js'
import type { NackOptions, NackOutcome } from './nack.js'
import { Nacking } from './nacking.js'
import type { CommonOptions, DeadLetter } from './options.js'
import type { Parcel } from './parcel.js'
import { PutLine } from './put-line.js'
import { Rests } from './rests.js'
import { SLICE, serve } from './serve.js'
import type { Store } from './store.js'
import { storeNews } from './store-news.js'
import type { Taker } from './taker.js'
import { Takers } from './takers.js'
import { Turn } from './turn.js'
import { Watches } from './watches.js'

export type { EntryOptions, NackOptions, NackOutcome }

/**
 * Everything that a queue does over a store, whatever the store: who is next to put and to take, settling, failing,
 * ending. Promises and rxjs are the business of its callers.
 */
export class Mailbox<T> implements Task, Gate<T> {
  readonly store: Store<T>
  readonly name: string
  readonly metrics = new QueueMetrics()
  readonly line: PutLine<T>
  readonly maker: EntryMaker<T>
  readonly takers = new Takers<T>()
  /** Every subscription and waiting call, wanting or not: whom the end concerns. */
  readonly audience = new Set<Taker<T>>()
  readonly rests: Rests<T>
  readonly maxAttempts: number
  readonly deadLetter: DeadLetter<T> | undefined
  /** Of a joinable queue: what a handler of its items must run inside, so that a `join()` in it is known as a deadlock. */
  handling: (<R>(handler: () => R) => R) | undefined
  readonly #nacking: Nacking<T>
  readonly #watches = new Watches()
  readonly turn = new Turn(() => this.kick())
  readonly #alarm = new Alarm(() => this.kick())
  /** A drain runs, or waits for its turn. */
  #draining = false
  /** Something changed while it ran. */
  #again = false
  /** What others fill is read in turns of the event loop. */
  readonly #inTurns: boolean
  /** Only for a store that listens to others. */
  readonly #attention: Attention<T> | undefined
  /** Shut down at once: what comes back is gone. */
  discarding = false
  #lastWord: unknown
  /** Why this handle can do no more. */
  #ended: Error | undefined

  constructor(store: Store<T>, o: CommonOptions<T> & { name: string; maxAttempts: number }) {
    this.store = store
    this.name = o.name
    this.maxAttempts = o.maxAttempts
    this.deadLetter = o.deadLetter
    this.#nacking = new Nacking(this, this.turn, o.deadLetter)
    this.maker = new EntryMaker(store, o.schema)
    this.#inTurns = store.stride > 1
    this.#attention = store.attend && new Attention(store, () => this.takers.demand)
    this.line = new PutLine(
      store,
      () => this.review(),
      () => this.kick(),
    )
    this.rests = new Rests(lease => this.giveBack(lease, 0))
    store.listen(storeNews(this))
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  entry(value: T, o?: EntryOptions): Entry<T> {
    return this.maker.one(value, o)
  }

  entries(values: readonly T[]): readonly Entry<T>[] {
    return this.maker.all(values)
  }

  /** What can be put for a parcel of another queue, as it is; undefined where its items must be put one by one. */
  adopt(parcel: Parcel, at: number): readonly Entry<T>[] | undefined {
    return this.adopts ? this.store.adopt?.(parcel, at) : undefined
  }

  /** Parcels of other queues may be put as they are. */
  get adopts(): boolean {
    return this.store.adopt !== undefined && !this.maker.checks
  }

  /** Throws if nothing can be put any more. */
  assertOpen(): void {
    if (this.#ended) throw this.#ended
    if (this.store.shut) throw new QueueClosedError(`${this.name} is shut down; reopen() lets items in again`)
  }

  /** Stores an entry, and hands it over, in one step: for a reader that waits for nothing else. False: nothing was done. */
  pass(entry: Entry<T>): boolean {
    if (this.#draining || this.line.length > 0) return false
    const taker = this.takers.first()
    if (!taker || this.store.lend === undefined || taker.demand <= 0 || !enter()) return false
    this.#draining = true
    let lease: Lease<T> | undefined
    try {
      lease = this.store.lend(entry)
      if (lease) {
        this.line.put++
        taker.accept(lease)
        this.takers.served(taker)
      }
    } finally {
      this.#draining = false
      leave()
    }
    if (this.#again) {
      this.#again = false
      this.kick()
    }
    return lease !== undefined
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
    if (this.takers.length === 0) this.#alarm.off()
    this.#attend()
  }

  /** Leases up to `max` items past the turn of others; only for a caller whose turn it is, of a handle that is open. */
  takeNow(max: number): readonly Lease<T>[] {
    const taken = this.store.take(max, this.now())
    if (this.#inTurns) this.turn.count(taken.length, this.store.spent)
    return taken
  }

  /** Enough was taken for this turn of the event loop: who can wait for the next one does. */
  get paused(): boolean {
    return this.turn.paused
  }

  peek(): T | undefined {
    return this.store.peek(this.now())
  }

  /** Items that nobody holds, those included whose time has just come. */
  get size(): number {
    this.#promote()
    return this.store.ready + this.rests.length
  }

  /** Items whose time has not come. */
  get delayed(): number {
    this.#promote()
    return this.store.delayed
  }

  /** Counts a hand-over to user code and answers the value as the schema passes it. */
  handOver(lease: Lease<T>): T {
    this.handedOver(lease)
    return this.maker.out(lease.value)
  }

  /** Counts the hand-over of an item that is passed on as it is. */
  handedOver(lease: Lease<T>): void {
    lease.attempt++
    this.store.handedOver?.(lease)
    this.metrics.handedOver++
  }

  ack(lease: Lease<T>): boolean {
    const done = this.store.ack(lease)
    if (done) this.metrics.acked++
    else this.metrics.lateSettles++
    if (this.line.length > 0 || this.store.shut || this.#watches.length > 0) this.kick()
    return done
  }

  /** Back to its place, as if it had not been handed out. */
  giveBack(lease: Lease<T>, due: number): boolean {
    if (this.discarding) {
      const done = this.ack(lease)
      if (done) this.metrics.discarded++
      return done
    }
    const done = this.store.giveBack(lease, due)
    if (!done) this.metrics.lateSettles++
    this.kick()
    return done
  }

  nack(lease: Lease<T>, o?: NackOptions): NackOutcome {
    return this.#nacking.nack(lease, o)
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing is held, ready, delayed or out with anyone. */
  get idle(): boolean {
    return this.store.ready === 0 && this.store.delayed === 0 && this.store.leased === 0
  }

  /** Calls back, once, as soon as the condition, which settling can bring about, holds; the answer cancels it. */
  when(holds: () => boolean, callback: () => void): () => void {
    const cancel = this.#watches.add(holds, callback)
    this.kick()
    return () => {
      cancel()
      this.#attend()
    }
  }

  /** Something that settles nothing may have made a condition hold that somebody waits for. */
  review(): void {
    if (this.#watches.length > 0 || this.#attention) this.kick()
  }

  /** `lastWord`: the error with which readers end, instead of completing, when they have drained what is left. */
  async shutdown(immediate: boolean, lastWord?: unknown): Promise<T[]> {
    const done = this.store.shutdown()
    this.#lastWord = lastWord
    if (immediate) this.discarding = true
    const discarded = immediate ? discard(this.store, this.rests, done, () => (this.discarding = false)) : []
    this.kick()
    const left = await discarded
    if (immediate) this.kick()
    await done
    return left
  }

  async reopen(): Promise<void> {
    this.discarding = false
    await this.store.reopen()
  }

  /** Lets go of this handle. With an error, the store broke; without, the user closed it. */
  close(error?: Error): void | Promise<void> {
    if (this.#ended) return
    this.#ended = error ?? new QueueClosedError(`this handle of ${this.name} is closed`)
    this.line.refuse(this.#ended)
    this.rests.takeAll()
    this.#alarm.off()
    const closed = this.store.close()
    // What the store had taken, it may have stored by now.
    this.line.abandon(this.#ended)
    for (const taker of [...this.audience]) {
      this.leave(taker)
      if (!error && taker.letGo) taker.letGo(this.#ended)
      else taker.end(this.#ended)
    }
    return closed
  }

  get ended(): Error | undefined {
    return this.#ended
  }

  // ── the drain ───────────────────────────────────────────────────────────────────────────────────────────────────

  kick(): void {
    if (this.#draining) {
      this.#again = true
      return
    }
    this.#draining = true
    trampoline(this)
  }

  run(): void {
    let done = false
    try {
      do {
        this.#again = false
        done = this.#drain()
      } while (done && this.#again)
    } finally {
      // Also when a taker threw: the next kick must find the way free.
      this.#draining = false
    }
    if (done) return
    this.#draining = true
    stepAside(this)
  }

  /** Answers false when it has to step aside with work left. */
  #drain(): boolean {
    if (this.#ended) return true
    if (this.line.length > 0) {
      if (!this.store.shut) this.line.flush()
      else this.line.refuse(new QueueClosedError(`${this.name} was shut down while the item waited for room`))
    }
    let budget = SLICE
    for (let taker = this.turn.paused ? undefined : this.takers.first(); taker; taker = this.takers.first()) {
      const count = serve(this, taker)
      if (count === 0 && !this.takers.declined(taker)) break
      budget -= count
      if (this.#inTurns) {
        this.turn.spend(count, this.store.spent)
        if (this.turn.paused) break
      }
      if (budget <= 0 && (behind() > 0 || this.line.length > 0)) return false
    }
    // One timer, for the first delayed item, and only while somebody waits for it.
    if (this.store.delayed > 0 && this.takers.length > 0) this.#alarm.set(this.store.nextDue)
    else if (this.#alarm.isSet) this.#alarm.off()
    // Where another run is due already, what holds now may not hold after it.
    if (this.#watches.length > 0 && !this.#again) this.#watches.look()
    if (this.store.shut && this.idle && this.line.length === 0) this.#complete()
    this.#attend()
    return true
  }

  #attend(): void {
    if (!this.#attention || this.#ended) return
    const rest = this.#watches.length > 0 || (this.store.shut && this.audience.size > 0)
    const items = this.takers.length > 0 && !(this.turn.paused && this.store.spent)
    this.#attention.turn(items, this.line.length > 0, rest)
  }

  /** Reading the clock for each item costs as much as moving it; only delayed items need it. */
  now(): number {
    return this.store.delayed > 0 ? this.turn.now() : 0
  }

  /** A store moves what has fallen due when it is asked for an item; whoever asks for numbers wants them as of now. */
  #promote(): void {
    if (this.store.delayed > 0) this.store.peek(this.now())
  }

  #complete(): void {
    for (const taker of [...this.audience]) {
      this.leave(taker)
      taker.end(this.#lastWord)
    }
  }
}
