import { type Observable, type OperatorFunction, Subject } from 'rxjs'
import type { Delivery } from '../core/delivery.js'
import { PREFETCH } from '../core/lane.js'
import { slot } from '../core/receipt.js'
import { settleDeliveries } from '../core/settle-deliveries.js'
import { LinkError } from '../errors/link-error.js'
import { Deferred } from '../util/deferred.js'
import type { OpenDestination } from './open-destination.js'
import type { OpenSource } from './open-source.js'
import type { EdgeCount, Progress } from './protocol.js'
import { DeliverySourceLane, type SourceLane, ValueSourceLane } from './source-lane.js'
import { within } from './within.js'

export interface MoverOptions {
  readonly through: OperatorFunction<unknown, unknown> | undefined
  readonly each: OperatorFunction<Delivery<unknown>, Delivery<unknown>> | undefined
  readonly prefetch: number | undefined
  readonly atMostOnce: boolean
}

/** How a stop went. */
export interface Stopped {
  /** Something was under way until the end. */
  readonly forced: boolean
  /** Items that were under way and went back, by source. */
  readonly returned: readonly (readonly [id: number, count: number])[]
}

interface SourceEdge {
  readonly id: number
  readonly source: OpenSource
  readonly lane: SourceLane
}

interface DestinationEdge {
  readonly id: number
  readonly destination: OpenDestination
  items: number
}

/** How long, in ms, destinations may take to write what they had accepted when a link lets go of them. */
const LAST_WRITES = 250

/** Moves every item of every source to every destination, wherever it is placed; acks an item once all have stored it. */
export class Mover {
  readonly #o: MoverOptions
  readonly #done = new Deferred<void>()
  readonly #sources: SourceEdge[] = []
  readonly #destinations: DestinationEdge[] = []
  readonly #deliveries = new Subject<Delivery<unknown>>()
  readonly #values = new Subject<unknown>()
  readonly #composed
  #reading = 0
  /** Takes nothing more: its sources have ended, its operators have, it was stopped, or it failed. */
  #ended = false
  #lettingGo: Promise<void> | undefined

  constructor(o: MoverOptions) {
    this.#o = o
    this.#done.promise.catch(() => {})
    this.#composed = this.#compose().subscribe({
      next: value => this.#fanOut(value),
      error: error => {
        // The operator failed on the item of this call stack: that item goes back.
        slot.current?.spoil(error)
        this.fail(error)
      },
      complete: () => this.#complete(),
    })
  }

  /** Resolves when all sources have ended and everything is stored everywhere; rejects with the first cause. */
  get done(): Promise<void> {
    return this.#done.promise
  }

  addDestination(id: number, destination: OpenDestination): void {
    this.#assertRunning()
    this.#destinations.push({ id, destination, items: 0 })
    destination.failed.catch(error => this.fail(error))
  }

  addSource(id: number, open: () => OpenSource): void {
    this.#assertRunning()
    const source = open()
    const { each } = this.#o
    const prefetch = this.#o.prefetch ?? source.prefetch ?? PREFETCH
    const end = {
      complete: () => this.#sourceEnded(),
      error: (error: unknown) => this.fail(error),
      letGo: (error: unknown) => this.fail(error),
    }
    const lane: SourceLane = each
      ? new DeliverySourceLane(source.mailbox, prefetch, delivery => this.#deliveries.next(delivery), end)
      : new ValueSourceLane(source.mailbox, prefetch, value => this.#values.next(value), end)
    this.#sources.push({ id, source, lane })
    this.#reading++
    source.mailbox.enrol(lane)
  }

  /** Takes nothing more; with `drain`, waits up to `timeout` ms for what is under way; then lets go. */
  async stop(drain: boolean, timeout: number): Promise<Stopped> {
    this.#takeNoMore()
    if (drain) await this.#settledWithin(timeout)
    const returned = this.#sources.map(({ id, lane }) => [id, lane.unsettled] as const)
    await this.#letGo(new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED'))
    this.#done.resolve()
    return { forced: returned.some(([, count]) => count > 0), returned }
  }

  /** Lets go, and then rejects `done`: by that time what was under way is back. */
  fail(error: unknown): void {
    this.#letGo(error).then(() => this.#done.reject(error))
  }

  progress(): Progress {
    const sources: EdgeCount[] = []
    const offsets: [number, number][] = []
    for (const { id, source, lane } of this.#sources) {
      const bytes = source.settledBytes?.() ?? 0
      sources.push({ id, items: lane.moved + lane.unsettled, settled: lane.moved, bytes })
      if (source.settledBytes) offsets.push([id, bytes])
    }
    const destinations = this.#destinations.map(({ id, items }) => ({ id, items, settled: items, bytes: 0 }))
    return { sources, destinations, offsets }
  }

  #compose(): Observable<unknown> {
    const { each, through } = this.#o
    const values: Observable<unknown> = each ? this.#deliveries.pipe(each, settleDeliveries()) : this.#values
    return through ? values.pipe(through) : values
  }

  #fanOut(value: unknown): void {
    if (this.#lettingGo) {
      slot.current?.spoil(new LinkError('the link has ended', 'ERR_LINK_ENDED'))
      return
    }
    if (!slot.current && !this.#o.atMostOnce) {
      const held = 'through emitted a value outside the call that brought its item, so that the item cannot be tracked'
      const mend = "use each for asynchronous work, or declare { delivery: 'at-most-once' }"
      this.fail(new LinkError(`${held}; ${mend}`, 'ERR_LINK_UNTRACKED'))
      return
    }
    for (const edge of this.#destinations) {
      edge.items++
      edge.destination.push(value)
    }
  }

  #assertRunning(): void {
    if (this.#ended) throw new LinkError('the link has ended and takes no more endpoints', 'ERR_LINK_ENDED')
  }

  #takeNoMore(): void {
    this.#ended = true
    for (const { lane } of this.#sources) lane.unsubscribe()
  }

  #sourceEnded(): void {
    if (--this.#reading > 0 || this.#ended) return
    this.#ended = true
    this.#deliveries.complete()
    this.#values.complete()
  }

  /** All sources have ended, or the operators want no more. */
  #complete(): void {
    if (this.#lettingGo) return
    this.#takeNoMore()
    Promise.all(this.#destinations.map(({ destination }) => destination.complete())).then(
      () => this.#letGo(new LinkError('the link has ended', 'ERR_LINK_ENDED')).then(this.#done.resolve),
      error => this.fail(error),
    )
  }

  async #settledWithin(timeout: number): Promise<void> {
    const cancels: (() => void)[] = []
    const settled = this.#sources.map(
      ({ lane }) =>
        new Promise<void>(resolve => {
          cancels.push(lane.mailbox.when(() => lane.unsettled === 0, resolve))
          // One that was closed tells nobody anything.
          if (lane.mailbox.ended) resolve()
        }),
    )
    await within(timeout, Promise.race([Promise.all(settled), this.#done.promise]))
    for (const cancel of cancels) cancel()
  }

  /** Whatever is under way is stored or back when this resolves, which it does soon. */
  #letGo(error: unknown): Promise<void> {
    this.#lettingGo ??= this.#end(error)
    return this.#lettingGo
  }

  async #end(error: unknown): Promise<void> {
    this.#takeNoMore()
    // In the call stack of an item, its receipt must first hear of what failed.
    await undefined
    this.#composed.unsubscribe()
    for (const { destination } of this.#destinations) destination.stop(error)
    await within(LAST_WRITES, Promise.allSettled(this.#destinations.map(({ destination }) => destination.finish())))
    for (const { lane, source } of this.#sources) {
      lane.giveBack()
      source.stop(error)
    }
  }
}
