import { Observable, type Observer } from 'rxjs'
import { optionError } from '../errors/option-error.js'
import { QueueClosedError } from '../errors/queue-closed-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { claim } from './claim.js'
import { type ConsumeOptions, consume, type Handler } from './consume.js'
import { consumeNow } from './consume-now.js'
import { type Delivery, type DeliveryOwner, LeasedDelivery } from './delivery.js'
import { DeliveryLane } from './delivery-lane.js'
import type { Lease } from './entry.js'
import { Inlet, type SinkOptions } from './inlet.js'
import { Joining } from './joining.js'
import { PREFETCH } from './lane.js'
import type { EntryOptions, Mailbox } from './mailbox.js'
import { QueueMetrics } from './metrics.js'
import { checkCount } from './options.js'
import type { Origin, QueueDescriptor } from './origin.js'
import { putAll } from './put-wait.js'
import { QueueErrors } from './queue-errors.js'
import { type QueueStat, statOf } from './queue-stat.js'
import { slot } from './receipt.js'
import { Sink } from './sink.js'
import { ValueLane } from './value-lane.js'
import { checkWait, type WaitOptions } from './waiters.js'

export interface PutOptions extends WaitOptions, EntryOptions {}

export interface QueueSinkOptions extends SinkOptions {
  /** Shuts the queue down when the source completes and all is stored. */
  closeOnComplete?: boolean
}

export interface WindowOptions {
  /** Items out at once and not settled. 256. */
  prefetch?: number
}

/**
 * A Subject with memory, bounds and processes: subscribe, and you receive its items; pass it to `subscribe`, and it
 * stores what it is sent. docs/semantics.md says what holds.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { map } from 'rxjs'
 *
 * const orders = fifoQueue<number>({ capacity: 100 })
 * const bills = fifoQueue<string>()
 * orders.pipe(map(n => `order ${n}`)).subscribe(bills)
 * await orders.put(7)
 * console.log(await bills.get()) // order 7
 * ```
 */
export class Queue<in out T> extends Observable<T> implements Observer<T>, AsyncIterable<T>, AsyncDisposable {
  protected readonly mailbox: Mailbox<T>
  protected readonly joining: Joining<T> | undefined
  readonly #origin: Origin | undefined
  readonly #errors = new QueueErrors()
  readonly #inlet: Inlet<T>
  #overflowed = false

  /** @internal Queues come from their factories. */
  constructor(mailbox: Mailbox<T>, joinable: boolean, origin?: Origin) {
    super(subscriber => this.#subscribeLane(subscriber, PREFETCH))
    this.mailbox = mailbox
    this.#origin = origin
    this.joining = joinable ? new Joining(mailbox) : undefined
    this.#inlet = new Inlet(mailbox, {}, error => this.#lost(error))
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when the item is stored; waits for room, and rejects with QueueFullError after `timeout` ms. */
  put(item: T, o?: PutOptions): Promise<void> {
    try {
      if (o) checkWait(o)
      this.mailbox.assertOpen()
      return putAll(this.mailbox, [this.mailbox.entry(item, o)], o)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Stores all items or none; waits in line until the whole batch fits. ItemTooLargeError if it never can. */
  putBatch(items: readonly T[], o?: PutOptions): Promise<void> {
    try {
      checkWait(o)
      if (!Array.isArray(items)) throw optionError('items', 'an array', items)
      this.mailbox.assertOpen()
      return putAll(this.mailbox, this.mailbox.maker.all(items, o), o)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The Observer face: stores the value, joined to the receipt of its item if there is one. Never throws. */
  next(value: T): void {
    this.#inlet.push(value)
  }

  /** A source's error never shuts a queue down; the item that an operator failed on goes back. */
  error(error: unknown): void {
    slot.current?.spoil(error)
    this.#errors.report(error)
  }

  /** A source's end never shuts a queue down, since others may feed it: see `sink({ closeOnComplete: true })`. */
  complete(): void {}

  /** An Observer for one source, with a promise of how it ended. */
  sink(o: QueueSinkOptions = {}): Sink<T> {
    const { closeOnComplete = false } = o
    if (o.highWaterMark !== 0) checkCount('highWaterMark', o.highWaterMark, 1)
    if (o.overflow !== undefined && o.overflow !== 'error' && o.overflow !== 'dropNewest') {
      throw optionError('overflow', "'error' or 'dropNewest'", o.overflow)
    }
    return new Sink(this.mailbox, o, { complete: async () => void (closeOnComplete && (await this.shutdown())) })
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits for an item and consumes it; rejects with QueueEmptyError after `timeout` ms. Joinable: see `taskDone`. */
  get(o?: WaitOptions): Promise<T> {
    return claim(this.mailbox, o, lease => this.consumed(lease))
  }

  /** Waits for at least one item, and takes at most `max` that are there. */
  getBatch(max: number, o?: WaitOptions): Promise<T[]> {
    try {
      checkCount('max', max, 1)
      const values = this.joining ? undefined : consumeNow(this.mailbox, max, o)
      if (values) return Promise.resolve(values)
    } catch (error) {
      return Promise.reject(error)
    }
    const use = (lease: Lease<T>, together?: readonly Lease<T>[]): T[] => {
      if (together) return this.#consumedUpTo(together)
      const { store } = this.mailbox
      return this.#consumedUpTo([lease, ...this.mailbox.takeNow(Math.min(max, store.ready + 1) - 1)])
    }
    return claim(this.mailbox, o, use, max, this.joining ? undefined : values => values)
  }

  /** `get` that must be settled: the item is out until its delivery is acked or nacked, or this handle closes. */
  receive(o?: WaitOptions): Promise<Delivery<T>> {
    return claim(this.mailbox, o, lease => new LeasedDelivery(lease, this.#receiver()))
  }

  /**
   * Hands items to the handler, `concurrency` at a time; acks when it is done, nacks when it throws. Resolves when the
   * queue completes; rejects with the reason when an item has used up its attempts, or with the signal's reason.
   */
  consume(handler: Handler<T>, o?: ConsumeOptions): Promise<void> {
    return consume(this.mailbox, handler, o, this.joining !== undefined)
  }

  /** The same as `consume`. */
  override forEach(handler: Handler<T>, o?: ConsumeOptions | PromiseConstructorLike): Promise<void> {
    return this.consume(handler, typeof o === 'object' ? o : undefined)
  }

  /** Items with `ack` and `nack`, at most `prefetch` of them out at once. */
  deliveries(o: WindowOptions = {}): Observable<Delivery<T>> {
    const prefetch = checkCount('prefetch', o.prefetch, PREFETCH)
    return new Observable(subscriber => {
      const lane = new DeliveryLane(this.mailbox, prefetch, subscriber)
      subscriber.add(() => lane.unsubscribe())
      this.#enrol(lane)
    })
  }

  /** What subscribing to the queue itself does, with options. */
  observe(o: WindowOptions = {}): Observable<T> {
    const prefetch = checkCount('prefetch', o.prefetch, PREFETCH)
    return new Observable(subscriber => this.#subscribeLane(subscriber, prefetch))
  }

  /** Each step consumes as `get` does; the loop ends when the queue completes. Leaving it gives up a waiting step. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    const leave = new AbortController()
    const left = (): IteratorResult<T> => ({ done: true, value: undefined })
    return {
      next: () =>
        this.get({ signal: leave.signal }).then(
          value => ({ done: false, value }),
          error => {
            if (leave.signal.aborted || (error instanceof QueueClosedError && !this.mailbox.ended)) return left()
            throw error
          },
        ),
      return: () => {
        leave.abort()
        return Promise.resolve(left())
      },
    }
  }

  // ── joinable ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Settles the oldest item that `get` took of this joinable queue. */
  taskDone(): void {
    this.#joinable('ERR_TASK_DONE').taskDone()
  }

  /** Waits until everything that was put is settled. */
  join(o?: WaitOptions): Promise<void> {
    try {
      return this.#joinable('ERR_NOT_JOINABLE').join(o)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  // ── state ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get name(): string {
    return this.mailbox.name
  }

  /** Items that nobody holds. */
  get size(): number {
    return this.mailbox.size
  }

  get capacity(): number {
    return this.mailbox.store.capacity
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  /** Nothing more can be put before something is settled. */
  get isFull(): boolean {
    const { ready, delayed, leased, capacity, full } = this.mailbox.store
    return full ?? ready + delayed + leased >= capacity
  }

  /** Shut down by anyone, or this handle closed. */
  get closed(): boolean {
    return this.mailbox.ended !== undefined || this.mailbox.store.shut
  }

  async stat(): Promise<QueueStat> {
    if (this.mailbox.ended) throw this.mailbox.ended
    return { ...statOf(this.mailbox), ...(await this.#origin?.stat?.()) }
  }

  metrics(): QueueMetrics {
    return Object.assign(new QueueMetrics(), this.mailbox.metrics, { put: this.mailbox.line.put })
  }

  /** Failures that no promise tells: of a bare `subscribe(queue)`, and of sources that fed it. */
  get errors$(): Observable<unknown> {
    return this.#errors.errors$
  }

  // ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the queue for everyone, at once: no more puts. Readers drain it and complete; `immediate` answers what was left. */
  async shutdown(o: { immediate?: boolean } = {}): Promise<T[]> {
    if (this.mailbox.ended) throw this.mailbox.ended
    return this.mailbox.shutdown(o.immediate ?? false)
  }

  /** Undoes `shutdown` for those who come now; who completed stays completed. */
  async reopen(): Promise<void> {
    if (this.mailbox.ended) throw this.mailbox.ended
    await this.mailbox.reopen()
  }

  /** Lets go of this handle: waiting calls reject, its subscriptions complete, what it had out goes back. */
  async close(): Promise<void> {
    await this.mailbox.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Removes a named or stored queue; one that lives in this process only is gone when it is closed. */
  async unlink(): Promise<void> {
    await this.mailbox.close()
    await this.#origin?.unlink()
  }

  /** Plain data with which `openQueue` opens this queue in another process. */
  descriptor(): QueueDescriptor {
    if (this.#origin) return this.#origin.descriptor()
    throw new QueueLinkError(
      `${this.name} lives in this process only; use sharedQueue or durableQueue, or host it with hostQueue`,
      'ERR_NOT_PORTABLE',
    )
  }

  protected consumed(lease: Lease<T>): T {
    const value = this.mailbox.handOver(lease)
    if (this.joining) this.joining.took(lease)
    else this.mailbox.ack(lease)
    return value
  }

  /** The values up to the first that no longer fits the schema, which goes back with those behind it; throws if it is the first. */
  #consumedUpTo(leases: readonly Lease<T>[]): T[] {
    const values: T[] = []
    try {
      for (const lease of leases) values.push(this.consumed(lease))
    } catch (error) {
      for (const behind of leases.slice(values.length + 1)) this.mailbox.giveBack(behind, 0)
      // Who claimed the first one nacks it.
      if (values.length === 0) throw error
      this.mailbox.nack(leases[values.length] as Lease<T>, { reason: error })
    }
    return values
  }

  #subscribeLane(subscriber: import('rxjs').Subscriber<T>, prefetch: number): void {
    const lane = new ValueLane(this.mailbox, prefetch, subscriber)
    subscriber.add(() => lane.unsubscribe())
    this.#enrol(lane)
  }

  #enrol(lane: ValueLane<T> | DeliveryLane<T>): void {
    if (!lane.isOver) this.mailbox.enrol(lane)
  }

  #joinable(code: string): Joining<T> {
    if (this.joining) return this.joining
    throw new QueueLinkError(`${this.name} was not made with { joinable: true }`, code)
  }

  #receiver(): DeliveryOwner<T> {
    const noWindow = { held: 0, whenStarved: () => () => {} }
    return { ...noWindow, mailbox: this.mailbox, settledOne: () => {}, nackedOne: () => {} }
  }

  /** The first refusal is told, all are counted. */
  #lost(error: unknown): void {
    if (this.#overflowed) return
    this.#overflowed = true
    this.#errors.report(error)
  }
}
