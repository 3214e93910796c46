import { BehaviorSubject, type Observable } from 'rxjs'
import { reportUnhandled } from '../core/report-unhandled.js'
import { LinkError } from '../errors/link-error.js'
import { Deferred } from '../util/deferred.js'
import { emitting } from './emitting.js'
import { type DestinationEndpoint, destinationEndpoint, type SourceEndpoint, sourceEndpoint } from './endpoint.js'
import { type Direction, LinkEnds } from './link-ends.js'
import { metricsOf, sinceThen } from './link-metrics.js'
import {
  checkTimeout,
  type LinkOptions,
  type OperatorLinkOptions,
  planOf,
  type StopOptions,
  type UnregisterOptions,
  type WriteOptions,
} from './link-options.js'
import type { LinkPlan } from './link-plan.js'
import { reportOf } from './link-report.js'
import type { LinkMetrics, LinkReport, LinkState, LinkStatus } from './link-status.js'
import { place } from './placement.js'
import type { EdgeCount } from './protocol.js'
import type { Runtime, RuntimeEvents, RuntimeStop } from './runtime/runtime.js'
import { startRuntime } from './runtime/start-runtime.js'
import { slowPolicy } from './when-slow.js'

export type EndpointId = number

/**
 * Moves every item of every source to every destination, through operators, in this thread or in a child process. An item
 * is acknowledged when all destinations have stored it. Starts by itself, in the next turn after it has both ends.
 *
 * @example
 * ```ts
 * import { fifoQueue, QueueLink } from 'queuelink'
 *
 * const orders = fifoQueue<number>()
 * const audit = fifoQueue<number>()
 * await using moving = new QueueLink()
 * moving.read(orders)
 * const id = moving.write(audit)
 * await orders.put(7)
 * console.log(await audit.get()) // 7
 * await moving.unregister(id) // whatever comes now waits in `orders` for another destination
 * ```
 */
export class QueueLink implements AsyncDisposable {
  readonly name: string
  readonly #o: LinkOptions | OperatorLinkOptions
  readonly #plan: LinkPlan
  readonly #ends: LinkEnds
  readonly #status: BehaviorSubject<LinkStatus>
  readonly #done = new Deferred<void>()
  readonly status$: Observable<LinkStatus>
  /** What it has moved: now, at intervals while somebody is subscribed, and at its end. */
  readonly metrics$: Observable<LinkMetrics>
  #runtime: Runtime | undefined
  /** Rejects if it ends before. */
  readonly #begun = new Deferred<Runtime>()
  #scheduled = false
  readonly #began = performance.now()
  /** Milliseconds, once it has ended. */
  #took: number | undefined
  #watched = false
  #cause: unknown
  #stopping: Promise<LinkReport> | undefined

  constructor(o: LinkOptions | OperatorLinkOptions = {}) {
    this.#o = o
    this.#plan = planOf(o)
    this.#ends = new LinkEnds(this.#plan)
    this.name = this.#plan.name
    this.#status = new BehaviorSubject<LinkStatus>({
      state: 'starting',
      placement: 'inline',
      why: 'it has not both ends yet',
    })
    this.status$ = this.#status.asObservable()
    this.metrics$ = emitting(() => this.metrics(), sinceThen, this.status$, o.metricsInterval)
    this.#done.promise.catch(() => {})
    this.#begun.promise.catch(() => {})
  }

  /** Adds a source, also while running. Throws, and adds nothing, if it cannot be read or would make a circle. */
  read<S>(source: SourceEndpoint<S>): EndpointId {
    this.#assertOpen()
    const placed = this.#ends.addSource(source, sourceEndpoint(source))
    this.#add(placed.id, runtime => runtime.addSource(placed))
    return placed.id
  }

  /** Adds a destination, also while running: items taken from then on reach it. Throws, and adds nothing, as `read` does. */
  write<D>(destination: DestinationEndpoint<D>, o: WriteOptions = {}): EndpointId {
    this.#assertOpen()
    const endpoint = destinationEndpoint(destination, this.#o.closeOnComplete ?? false)
    const placed = this.#ends.addDestination(destination, endpoint, slowPolicy(o.whenSlow))
    this.#add(placed.id, runtime => runtime.addDestination(placed))
    return placed.id
  }

  /** Resolves when the endpoint is in use: whatever is taken from then on is taken from it, or for it, as well. */
  async registered(id: EndpointId): Promise<void> {
    this.#ends.given(id)
    const runtime = await this.#begun.promise
    await runtime.registered(id)
    this.#ends.given(id)
  }

  /**
   * Removes an endpoint, also while running: nothing that is taken from now on is taken from it, or for it. Resolves when
   * all that was taken before is stored, or, cut short, has gone back. Without a destination the link pauses.
   */
  async unregister(id: EndpointId, o: UnregisterOptions = {}): Promise<void> {
    const removal = { timeout: checkTimeout(o.timeout ?? Number.POSITIVE_INFINITY), force: o.force ?? false }
    const runtime = this.#runtime
    const end = this.#ends.remove(id)
    this.#review()
    const gone = 'source' in end ? end.source : end.destination
    if (runtime) {
      const removed =
        'source' in end
          ? runtime.removeSource(end.source, removal)
          : runtime.removeDestination(end.destination, removal)
      const count = await removed
      if ('source' in end) this.#past(count)
    }
    this.#ends.left(gone)
  }

  /** The queue, path, stream … that `read` or `write` was given. */
  getQueue(id: EndpointId): unknown {
    return this.#ends.given(id)
  }

  /** Resolves when all sources have ended and every item is stored everywhere; rejects with the first cause. */
  get done(): Promise<void> {
    this.#watched = true
    return this.#done.promise
  }

  /** Started, and neither done, stopped nor failed. False, and no error, before it has both ends. */
  isAlive(): boolean {
    return ['running', 'paused', 'restarting', 'stopping'].includes(this.#status.value.state)
  }

  /** No queue of the link holds anything; with an id: that queue, and, of a destination, every source. */
  isEmpty(id?: EndpointId): boolean {
    return this.#ends.isEmpty(id)
  }

  /** It has started, is empty, and has nothing under way. */
  isDrained(id?: EndpointId): boolean {
    return this.#ends.isEmpty(id) && this.#runtime !== undefined && this.metrics().unsettled === 0
  }

  /** Takes one item out of each queue of that side, past the link; answers them by the endpoints' ids. */
  takeOne(direction: Direction): Promise<Map<EndpointId, unknown>> {
    return this.#ends.takeOne(direction)
  }

  metrics(): LinkMetrics {
    return metricsOf(this.#plan, this.#runtime, (this.#took ?? performance.now() - this.#began) / 1000)
  }

  /** Takes nothing more, waits until what is under way is stored, and lets go; what is not goes back to its source. */
  async stop(o: StopOptions = {}): Promise<LinkReport> {
    const timeout = checkTimeout(o.timeout ?? 10_000)
    this.#stopping ??= this.#stop(o.drain ?? true, timeout)
    return this.#stopping
  }

  /** Lets go at once. */
  async close(): Promise<void> {
    await this.stop({ drain: false, timeout: 0 })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ── start ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #add(id: EndpointId, use: (runtime: Runtime) => void): void {
    try {
      if (this.#runtime) use(this.#runtime)
    } catch (error) {
      const end = this.#ends.remove(id)
      this.#ends.left('source' in end ? end.source : end.destination)
      throw error
    }
    this.#schedule()
    this.#review()
  }

  #schedule(): void {
    const { sources, destinations } = this.#plan
    if (this.#scheduled || sources.length === 0 || destinations.length === 0) return
    this.#scheduled = true
    queueMicrotask(() => this.#start())
  }

  #start(): void {
    if (this.#stopping) return
    const { placement, why } = place(this.#o.placement ?? 'auto', this.#plan)
    this.#say('starting', { placement, why })
    const events: RuntimeEvents = {
      running: where => {
        if (!this.#stopping) this.#say('running', { placement, why, ...where })
        this.#review()
      },
      restarting: (cause, ms) => this.#say('restarting', { why: `its child died: ${cause}; again in ${ms} ms`, cause }),
      detached: (id, count) => this.#detached(id, count),
    }
    const runtime = startRuntime(placement, this.#plan, events)
    this.#runtime = runtime
    runtime.done.then(
      () => this.#end('done', 'all sources have ended, and everything is stored'),
      error => this.#end('failed', 'something could not be moved', error),
    )
    runtime.start().then(
      () => this.#begun.resolve(runtime),
      error => this.#end('failed', 'it could not be started', error),
    )
  }

  // ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #detached(id: EndpointId, count: EdgeCount): void {
    if (!this.#ends.has(id)) return
    const end = this.#ends.remove(id)
    if (!('destination' in end)) return
    const { endpoint, policy } = end.destination
    const lost = `${endpoint.name} was detached: it stored nothing for ${policy.limit} ms, and ${count.dropped} items did not reach it`
    this.#ends.left(end.destination)
    this.#review(lost)
  }

  /** Without a destination a running link pauses, and goes on with the next one. */
  #review(why?: string): void {
    const { state, placement } = this.#status.value
    if (state !== 'running' && state !== 'paused') return
    const paused = this.#plan.destinations.length === 0
    if (paused === (state === 'paused') && why === undefined) return
    this.#say(paused ? 'paused' : 'running', {
      placement,
      why: why ?? (paused ? 'it has no destination' : 'it has a destination again'),
    })
  }

  // ── ends ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #stop(drain: boolean, timeout: number): Promise<LinkReport> {
    let end: RuntimeStop = { forced: false, returned: new Map() }
    if (!this.#isOver()) {
      this.#say('stopping', { why: 'stop() was called' })
      // Observers of the status may have called back.
      await undefined
      end = (await this.#runtime?.stop(drain, timeout)) ?? end
      const late = end.forced && drain ? ', and it did not end by itself in time' : ''
      this.#end('stopped', `stop() was called${late}`)
    }
    return reportOf(this.metrics(), end, this.#cause)
  }

  #isOver(): boolean {
    return ['done', 'failed', 'stopped'].includes(this.#status.value.state)
  }

  #assertOpen(): void {
    if (!this.#stopping && !this.#isOver()) return
    throw new LinkError(`${this.name} has ended and takes no more endpoints; make a new link`, 'ERR_LINK_ENDED')
  }

  #past({ items, settled, bytes }: EdgeCount): void {
    const { past } = this.#plan
    past.items += items
    past.settled += settled
    past.bytes += bytes
  }

  #say(state: LinkState, o: Partial<LinkStatus>): void {
    const { placement, pid, threadId } = this.#status.value
    const where = { ...(pid ? { pid } : {}), ...(threadId ? { threadId } : {}) }
    this.#status.next({ placement, ...where, why: '', ...o, state })
  }

  #end(state: 'done' | 'failed' | 'stopped', why: string, cause?: unknown): void {
    if (this.#isOver()) return
    if (this.#stopping && state === 'done') return
    this.#took = performance.now() - this.#began
    const { placement } = this.#status.value
    const isSeen = this.#watched || this.#status.observed
    if (state === 'failed') this.#cause = cause
    this.#status.next({ placement, why, state, ...(state === 'failed' ? { cause } : {}) })
    this.#status.complete()
    this.#begun.reject(new LinkError(`${this.name} has ended`, 'ERR_LINK_ENDED', { cause }))
    if (state !== 'failed') this.#done.resolve()
    else {
      this.#done.reject(cause)
      // Nobody asked for `done` or the status: as with a subscription that has no error handler.
      if (!isSeen) reportUnhandled(cause)
    }
  }
}
