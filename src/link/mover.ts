import { type Observable, type OperatorFunction, Subject } from 'rxjs'
import type { Delivery } from '../core/delivery.js'
import { DeliveryLane } from '../core/delivery-lane.js'
import type { Lane } from '../core/lane.js'
import { slot } from '../core/receipt.js'
import { settleDeliveries } from '../core/settle-deliveries.js'
import { ValueLane } from '../core/value-lane.js'
import { LinkError } from '../errors/link-error.js'
import { clock } from '../util/clock.js'
import { Deferred } from '../util/deferred.js'
import type { OpenDestination } from './open-destination.js'
import type { OpenSource } from './open-source.js'
import type { EdgeCount, Progress } from './protocol.js'

export interface MoverOptions {
  readonly through: OperatorFunction<unknown, unknown> | undefined
  readonly each: OperatorFunction<Delivery<unknown>, Delivery<unknown>> | undefined
  readonly prefetch: number
  readonly atMostOnce: boolean
}

interface SourceEdge {
  readonly id: number
  readonly source: OpenSource
  readonly lane: Lane<unknown>
  readonly acked: number
  items: number
  bytes: number
}

interface DestinationEdge {
  readonly id: number
  readonly destination: OpenDestination
  items: number
  bytes: number
}

/** Moves every item of every source to every destination, wherever it is placed; acks an item once all have stored it. */
export class Mover {
  readonly #o: MoverOptions
  readonly #done = new Deferred<void>()
  readonly #sources = new Map<number, SourceEdge>()
  readonly #destinations: DestinationEdge[] = []
  readonly #deliveries = new Subject<Delivery<unknown>>()
  readonly #values = new Subject<unknown>()
  #reading = 0
  #ended = false

  constructor(o: MoverOptions) {
    this.#o = o
    this.#done.promise.catch(() => {})
    this.#compose().subscribe({
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

  get unsettled(): number {
    let count = 0
    for (const { lane } of this.#sources.values()) count += lane.unsettled
    return count
  }

  addDestination(id: number, destination: OpenDestination): void {
    this.#destinations.push({ id, destination, items: 0, bytes: 0 })
    destination.failed.catch(error => this.fail(error))
  }

  addSource(id: number, source: OpenSource): void {
    const { mailbox } = source
    const ended = (error?: unknown): void => (error === undefined ? this.#sourceEnded() : this.fail(error))
    const edge: SourceEdge = {
      id,
      source,
      lane: this.#lane(source, ended),
      acked: mailbox.metrics.acked,
      items: 0,
      bytes: 0,
    }
    this.#sources.set(id, edge)
    this.#reading++
    mailbox.enrol(edge.lane)
  }

  /** Takes nothing more. With `drain`, waits up to `timeout` ms for what is under way; then lets go. True: it had to. */
  async stop(drain: boolean, timeout: number): Promise<boolean> {
    for (const { lane } of this.#sources.values()) lane.unsubscribe()
    if (drain && this.unsettled > 0 && !this.#ended) await this.#settledWithin(timeout)
    const forced = this.unsettled > 0
    const error = new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED')
    if (!forced && !this.#ended) await Promise.all(this.#destinations.map(({ destination }) => destination.finish()))
    this.#release(error)
    this.#done.resolve()
    return forced
  }

  fail(error: unknown): void {
    if (this.#ended) return
    this.#done.reject(error)
    this.#release(error)
  }

  progress(): Progress {
    const sources: EdgeCount[] = []
    const offsets: [number, number][] = []
    for (const { id, source, acked, lane } of this.#sources.values()) {
      const settled = source.mailbox.metrics.acked - acked
      const bytes = source.settledBytes?.() ?? 0
      sources.push({ id, items: settled + lane.unsettled, settled, bytes })
      if (source.settledBytes) offsets.push([id, bytes])
    }
    const destinations = this.#destinations.map(({ id, items, bytes }) => ({ id, items, settled: items, bytes }))
    return { sources, destinations, offsets }
  }

  #lane(source: OpenSource, ended: (error?: unknown) => void): Lane<unknown> {
    const { prefetch, each } = this.#o
    const end = { error: ended, complete: ended }
    return each
      ? new DeliveryLane(source.mailbox, prefetch, { next: delivery => this.#deliveries.next(delivery), ...end })
      : new ValueLane(source.mailbox, prefetch, { next: value => this.#values.next(value), ...end })
  }

  #compose(): Observable<unknown> {
    const { each, through } = this.#o
    const values: Observable<unknown> = each ? this.#deliveries.pipe(each, settleDeliveries()) : this.#values
    return through ? values.pipe(through) : values
  }

  #fanOut(value: unknown): void {
    if (this.#ended) return
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

  #sourceEnded(): void {
    if (--this.#reading > 0) return
    this.#deliveries.complete()
    this.#values.complete()
  }

  #complete(): void {
    if (this.#ended) return
    // An operator may end before its sources do: what it will not see stays where it is.
    for (const { lane } of this.#sources.values()) lane.unsubscribe()
    Promise.all(this.#destinations.map(({ destination }) => destination.complete())).then(
      () => {
        this.#ended = true
        const error = new LinkError('the link has ended before this source', 'ERR_LINK_DONE')
        for (const { source } of this.#sources.values()) source.stop(error)
        this.#done.resolve()
      },
      error => this.fail(error),
    )
  }

  async #settledWithin(timeout: number): Promise<void> {
    let cancel = (): void => {}
    const late = new Promise<void>(resolve => {
      cancel = clock.after(timeout, resolve)
    })
    const settled = [...this.#sources.values()].map(
      ({ source, lane }) => new Promise<void>(resolve => source.mailbox.when(() => lane.unsettled === 0, resolve)),
    )
    await Promise.race([Promise.all(settled), late, this.#done.promise.catch(() => {})])
    cancel()
  }

  #release(error: unknown): void {
    this.#ended = true
    for (const { lane, source } of this.#sources.values()) {
      lane.unsubscribe()
      source.stop(error)
    }
    for (const { destination } of this.#destinations) destination.stop(error)
  }
}
