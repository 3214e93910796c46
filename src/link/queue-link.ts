import { BehaviorSubject, type Observable, type OperatorFunction } from 'rxjs'
import type { EachHandler } from '../core/each-delivery.js'
import { checkCount } from '../core/options.js'
import { reportUnhandled } from '../core/report-unhandled.js'
import { LinkError } from '../errors/link-error.js'
import { optionError } from '../errors/option-error.js'
import { Deferred } from '../util/deferred.js'
import {
  type DestinationEndpoint,
  destinationEndpoint,
  type Endpoint,
  type SourceEndpoint,
  sourceEndpoint,
} from './endpoint.js'
import { metricsOf } from './link-metrics.js'
import type { LinkPlan } from './link-plan.js'
import type { LinkMetrics, LinkReport, LinkState, LinkStatus } from './link-status.js'
import { type Placement, place } from './placement.js'
import { InlineRuntime } from './runtime/inline.js'
import { ProcessRuntime } from './runtime/process.js'
import type { Runtime, RuntimeStop } from './runtime/runtime.js'
import { isStep, type Step } from './step.js'

/** `S`: what the sources give, and `each` takes; `E`: what `through` takes. */
export interface LinkOptions<S = never, E = never> {
  name?: string
  /** `auto`: a child process when endpoints and operators can all be opened there, else in this thread. */
  placement?: Placement
  /** Transforms the whole stream, in the call that brings an item. */
  through?: OperatorFunction<E, unknown> | Step
  /** Transforms each delivery on its own, asynchronously too, at least once. */
  each?: EachHandler<S, unknown> | Step
  /** Items that `each` works on at a time. 1. */
  concurrency?: number
  /** Shuts destination queues down, and completes Observers, when all sources have ended. */
  closeOnComplete?: boolean
  /** Items out of each source at once and not stored everywhere. 256; 1,024 of a file or stream. */
  prefetch?: number
  /** `at-most-once` lets `through` hold values: what it holds is lost in a crash. */
  delivery?: 'at-least-once' | 'at-most-once'
  /** `max` restarts of the child in a row without progress (5), the first after `backoff` ms (100), then twice as long. */
  restart?: { max?: number; backoff?: number }
}

/** The same with an RxJS operator for `each`, which is applied to each delivery on its own. */
export interface OperatorLinkOptions<S = never, E = never> extends Omit<LinkOptions<S, E>, 'each'> {
  each: OperatorFunction<S, unknown>
}

export interface StopOptions {
  /** Waits until what is under way is stored. True. */
  drain?: boolean
  /** Milliseconds to wait before letting go. 10,000. */
  timeout?: number
}

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
 * moving.write(audit)
 * await orders.put(7)
 * console.log(await audit.get()) // 7
 * ```
 */
export class QueueLink implements AsyncDisposable {
  readonly name: string
  readonly #o: LinkOptions | OperatorLinkOptions
  readonly #plan: LinkPlan
  readonly #status: BehaviorSubject<LinkStatus>
  readonly #done = new Deferred<void>()
  readonly status$: Observable<LinkStatus>
  #runtime: Runtime | undefined
  #scheduled = false
  #ids = 0
  #watched = false
  #stopping: Promise<LinkReport> | undefined

  constructor(o: LinkOptions | OperatorLinkOptions = {}) {
    const { restart = {}, placement = 'auto', delivery = 'at-least-once' } = o
    if (!['auto', 'inline', 'process'].includes(placement)) {
      throw optionError('placement', "'auto', 'inline' or 'process'", placement)
    }
    if (!['at-least-once', 'at-most-once'].includes(delivery)) {
      throw optionError('delivery', "'at-least-once' or 'at-most-once'", delivery)
    }
    this.name = o.name ?? 'link'
    this.#o = o
    this.#plan = {
      name: this.name,
      sources: [],
      destinations: [],
      through: o.through as LinkPlan['through'],
      each: o.each as LinkPlan['each'],
      concurrency: checkCount('concurrency', o.concurrency, 1),
      prefetch: o.prefetch === undefined ? undefined : checkCount('prefetch', o.prefetch, 1),
      atMostOnce: delivery === 'at-most-once',
      restart: {
        max: restart.max === 0 ? 0 : checkCount('restart.max', restart.max, 5),
        backoff: checkCount('restart.backoff', restart.backoff, 100),
      },
    }
    for (const operator of [o.through, o.each]) checkOperator(operator, placement)
    this.#status = new BehaviorSubject<LinkStatus>({
      state: 'starting',
      placement: 'inline',
      why: 'it has not both ends yet',
    })
    this.status$ = this.#status.asObservable()
    this.#done.promise.catch(() => {})
  }

  /** Adds a source, also while running. Throws, and adds nothing, if it cannot be read or would make a circle. */
  read<S>(source: SourceEndpoint<S>): EndpointId {
    this.#assertOpen()
    const endpoint = sourceEndpoint(source)
    refuseDoubles(endpoint, this.#plan.sources, this.#plan.destinations, 'source')
    endpoint.check()
    const placed = { id: ++this.#ids, endpoint }
    this.#runtime?.addSource(placed)
    this.#plan.sources.push(placed)
    this.#schedule()
    return placed.id
  }

  /** Adds a destination, also while running: items taken from then on reach it. Throws, and adds nothing, as `read` does. */
  write<D>(destination: DestinationEndpoint<D>): EndpointId {
    this.#assertOpen()
    const endpoint = destinationEndpoint(destination, this.#o.closeOnComplete ?? false)
    refuseDoubles(endpoint, this.#plan.destinations, this.#plan.sources, 'destination')
    endpoint.check()
    const placed = { id: ++this.#ids, endpoint }
    this.#runtime?.addDestination(placed)
    this.#plan.destinations.push(placed)
    this.#schedule()
    return placed.id
  }

  /** Resolves when all sources have ended and every item is stored everywhere; rejects with the first cause. */
  get done(): Promise<void> {
    this.#watched = true
    return this.#done.promise
  }

  /** Started, and neither done, stopped nor failed. False, and no error, before it has both ends. */
  isAlive(): boolean {
    return ['running', 'restarting', 'stopping'].includes(this.#status.value.state)
  }

  metrics(): LinkMetrics {
    return metricsOf(this.#plan, this.#runtime)
  }

  /** Takes nothing more, waits until what is under way is stored, and lets go; what is not goes back to its source. */
  async stop(o: StopOptions = {}): Promise<LinkReport> {
    const { timeout = 10_000 } = o
    if (typeof timeout !== 'number' || !(timeout >= 0)) throw optionError('timeout', 'milliseconds, 0 or more', timeout)
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

  #schedule(): void {
    const { sources, destinations } = this.#plan
    if (this.#scheduled || sources.length === 0 || destinations.length === 0) return
    this.#scheduled = true
    queueMicrotask(() => this.#start())
  }

  #start(): void {
    if (this.#stopping) return
    const { placement, why } = place(this.#o.placement ?? 'auto', this.#plan)
    const running = (pid?: number): void => {
      if (!this.#stopping) this.#say('running', { placement, why, ...(pid ? { pid } : {}) })
    }
    this.#say('starting', { placement, why })
    const runtime =
      placement === 'inline'
        ? new InlineRuntime(this.#plan)
        : new ProcessRuntime(this.#plan, {
            running,
            restarting: (cause, ms) =>
              this.#say('restarting', { why: `its child died: ${cause}; again in ${ms} ms`, cause }),
          })
    this.#runtime = runtime
    runtime.done.then(
      () => this.#end('done', 'all sources have ended, and everything is stored'),
      error => this.#end('failed', 'something could not be moved', error),
    )
    runtime.start().then(
      () => (placement === 'inline' ? running() : undefined),
      error => this.#end('failed', 'it could not be started', error),
    )
  }

  async #stop(drain: boolean, timeout: number): Promise<LinkReport> {
    let end: RuntimeStop = { forced: false, returned: 0 }
    if (!this.#isOver) {
      this.#say('stopping', { why: 'stop() was called' })
      // Observers of the status may have called back.
      await undefined
      end = (await this.#runtime?.stop(drain, timeout)) ?? end
      const late = end.forced && drain ? ', and it did not end by itself in time' : ''
      this.#end('stopped', `stop() was called${late}`)
    }
    const metrics = this.metrics()
    return { moved: metrics.settled, ...end, metrics }
  }

  get #isOver(): boolean {
    return ['done', 'failed', 'stopped'].includes(this.#status.value.state)
  }

  #assertOpen(): void {
    if (!this.#stopping && !this.#isOver) return
    throw new LinkError(`${this.name} has ended and takes no more endpoints; make a new link`, 'ERR_LINK_ENDED')
  }

  #say(state: LinkState, o: Partial<LinkStatus>): void {
    const { placement, pid } = this.#status.value
    this.#status.next({ placement, ...(pid ? { pid } : {}), why: '', ...o, state })
  }

  #end(state: 'done' | 'failed' | 'stopped', why: string, cause?: unknown): void {
    if (this.#isOver) return
    if (this.#stopping && state === 'done') return
    const { placement } = this.#status.value
    const isSeen = this.#watched || this.#status.observed
    this.#status.next({ placement, why, state, ...(state === 'failed' ? { cause } : {}) })
    this.#status.complete()
    if (state !== 'failed') this.#done.resolve()
    else {
      this.#done.reject(cause)
      // Nobody asked for `done` or the status: as with a subscription that has no error handler.
      if (!isSeen) reportUnhandled(cause)
    }
  }
}

function refuseDoubles(
  endpoint: Endpoint<unknown>,
  same: readonly { endpoint: Endpoint<unknown> }[],
  others: readonly { endpoint: Endpoint<unknown> }[],
  role: string,
): void {
  const is = (other: { endpoint: Endpoint<unknown> }): boolean => other.endpoint.identity === endpoint.identity
  if (same.some(is)) throw new LinkError(`${endpoint.name} is a ${role} of this link already`, 'ERR_LINK_TWICE')
  if (!others.some(is)) return
  throw new LinkError(`${endpoint.name} would be source and destination of one link: a circle`, 'ERR_LINK_CIRCULAR')
}

function checkOperator(operator: unknown, placement: Placement): void {
  if (operator === undefined || isStep(operator)) return
  if (typeof operator !== 'function') throw optionError('through and each', 'a function or a step', operator)
  if (placement !== 'process') return
  const mend = 'name it with step(new URL(…), export), or leave the placement to auto or inline'
  throw new LinkError(`a function cannot be sent to a child process; ${mend}`, 'ERR_LINK_CLOSURE')
}
