import { type Observable, type OperatorFunction, Subject } from 'rxjs'
import type { Delivery } from '../core/delivery.js'
import { type EachHandler, eachDelivery } from '../core/each-delivery.js'
import type { Lease } from '../core/entry.js'
import { PREFETCH } from '../core/lane.js'
import type { Parcel } from '../core/parcel.js'
import { slot } from '../core/receipt.js'
import { settleDeliveries } from '../core/settle-deliveries.js'
import { LinkError } from '../errors/link-error.js'
import { Deferred } from '../util/deferred.js'
import { Edge, type EdgeEvents } from './edge.js'
import { Joint } from './joint.js'
import { failedBy, type OnError } from './on-error.js'
import type { OpenDestination } from './open-destination.js'
import type { OpenSource } from './open-source.js'
import type { EdgeCount, Progress, Removal } from './protocol.js'
import type { Route } from './route.js'
import { Routes } from './routes.js'
import { putOff, routing, type Taking } from './routing.js'
import { DeliverySourceLane, type LaneLink, type SourceLane, ValueSourceLane } from './source-lane.js'
import { bufferOf, type SlowPolicy } from './when-slow.js'
import { within } from './within.js'

export interface MoverOptions {
  readonly through: OperatorFunction<unknown, unknown> | undefined
  readonly handler: EachHandler<unknown, unknown> | undefined
  readonly concurrency: number
  readonly onError: OnError
  readonly prefetch: number | undefined
  readonly atMostOnce: boolean
  /** Of items that are worked on one after another. */
  readonly keyOf?: ((lease: Lease<unknown>) => string | undefined) | undefined
  /** Of the first route, where items are taken elsewhere and come with versions. */
  readonly version?: number
  /** A destination that was too slow has been removed. */
  onDetached?(id: number, count: EdgeCount): void
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
  /** It brings no more. */
  ended: boolean
}

/** A lease that was taken elsewhere, for the destinations of that moment. */
export interface RoutedLease extends Lease<unknown> {
  readonly version: number
}

/** How long, in ms, destinations may take to write what they had accepted when a link lets go of them. */
const LAST_WRITES = 250

/** Moves every item of every source to every destination, wherever it is placed; acks an item once all have stored it. */
export class Mover implements LaneLink, EdgeEvents {
  readonly #o: MoverOptions
  readonly #done = new Deferred<void>()
  readonly #sources = new Map<number, SourceEdge>()
  /** Those of the current route, and those that are still owed something. */
  readonly #edges = new Map<number, Edge>()
  readonly #deliveries = new Subject<Delivery<unknown>>()
  readonly #values = new Subject<unknown>()
  readonly #routes: Routes
  readonly #composed
  readonly #taking: Taking = { route: undefined }
  #spare: Joint | undefined
  /** Items that may be out because buffers hold them. */
  #buffers = 0
  #begun = false
  /** Takes nothing more: its sources have ended, its operators have, it was stopped, or it failed. */
  #ended = false
  #lettingGo: Promise<void> | undefined

  constructor(o: MoverOptions) {
    this.#o = o
    this.#routes = new Routes(o.version ?? 0, o.version !== undefined)
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

  addDestination(id: number, destination: OpenDestination, policy: SlowPolicy, version?: number): void {
    this.#assertRunning()
    const edge = new Edge(id, destination, policy, this)
    this.#edges.set(id, edge)
    this.#buffers += bufferOf(policy)
    this.#routes.add(edge, version)
    destination.failed.catch(error => {
      if (this.#edges.has(id)) this.fail(error)
    })
    for (const { lane } of this.#sources.values()) lane.mailbox.want(lane)
  }

  /** Resolves when it has stored all that was taken for it, or been let go; answers what it did. */
  async removeDestination(id: number, o: Removal, version?: number): Promise<EdgeCount> {
    const edge = this.#edges.get(id)
    this.#routes.remove(edge, version)
    if (!edge) return { id, items: 0, settled: 0, bytes: 0 }
    const { promise, resolve } = new Deferred<void>()
    const cancel = this.#routes.whenClear(edge, resolve)
    const clear = !o.force && (await within(o.timeout, Promise.race([promise, this.#done.promise])))
    cancel()
    if (!this.#edges.has(id)) return countOf(edge)
    this.#buffers -= bufferOf(edge.policy)
    this.#edges.delete(id)
    if (!clear) edge.dropAll()
    edge.destination.stop(new LinkError('the destination has left the link', 'ERR_LINK_LEFT'))
    await within(LAST_WRITES, edge.destination.finish())
    return countOf(edge)
  }

  /** All that it begins with has been added: from here on it is done when its sources are. */
  begin(): void {
    this.#begun = true
    this.#lookForEnd()
  }

  addSource(id: number, open: () => OpenSource): void {
    this.#assertRunning()
    const source = open()
    const prefetch = this.#o.prefetch ?? source.prefetch ?? PREFETCH
    const end = {
      complete: () => this.#sourceEnded(id),
      error: (error: unknown) => this.fail(error),
      letGo: (error: unknown) => this.fail(error),
    }
    const { mailbox } = source
    const link: LaneLink = source.isTaken ? ofTaken(this) : this
    const lane: SourceLane = this.#o.handler
      ? new DeliverySourceLane(mailbox, prefetch, link, delivery => this.#deliveries.next(delivery), this.cleared, end)
      : new ValueSourceLane(mailbox, prefetch, link, (value, route) => this.#pass(value, route), end)
    this.#sources.set(id, { id, source, lane, ended: false })
    mailbox.enrol(lane)
  }

  /** Resolves when all that was taken from it is settled, or has gone back; answers what it did. */
  async removeSource(id: number, o: Removal): Promise<EdgeCount> {
    const edge = this.#sources.get(id)
    if (!edge) return { id, items: 0, settled: 0, bytes: 0 }
    const { lane, source } = edge
    lane.unsubscribe()
    if (!o.force) await this.#settledWithin(o.timeout, [edge])
    lane.giveBack()
    source.stop(new LinkError('the source was unregistered before this item was stored everywhere', 'ERR_LINK_LEFT'))
    this.#sources.delete(id)
    this.#lookForEnd()
    return sourceCount(edge)
  }

  /** No item comes any more with a version before this one. */
  forget(version: number): void {
    this.#routes.forget(version)
  }

  /** Takes nothing more; with `drain`, waits up to `timeout` ms for what is under way; then lets go. */
  async stop(drain: boolean, timeout: number): Promise<Stopped> {
    this.#takeNoMore()
    const sources = [...this.#sources.values()]
    if (drain) await this.#settledWithin(timeout, sources)
    const returned = sources.map(({ id, lane }) => [id, lane.unsettled] as const)
    await this.#letGo(new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED'))
    this.#done.resolve()
    return { forced: returned.some(([, count]) => count > 0), returned }
  }

  /** Lets go, and then rejects `done`: by that time what was under way is back. */
  fail(error: unknown): void {
    this.#letGo(error).then(() => this.#done.reject(error))
  }

  progress(): Progress {
    const all = [...this.#sources.values()]
    const files = all.filter(({ source }) => source.settledBytes)
    return {
      sources: all.map(sourceCount),
      destinations: [...this.#edges.values()].map(countOf),
      offsets: files.map(({ id, source }) => [id, source.settledBytes?.() ?? 0]),
    }
  }

  // ── what lanes and edges ask and tell ─────────────────────────────────────────────────────────────────────────────

  roomFor(prefetch: number): number {
    return this.#routes.current.edges.length === 0 ? 0 : prefetch + this.#buffers
  }

  readonly routeOf = (lease: Lease<unknown>): Route => this.#routes.at((lease as Partial<RoutedLease>).version)

  get keyOf(): LaneLink['keyOf'] {
    return this.#o.keyOf
  }

  get passesSealed(): boolean {
    return !this.#o.handler && !this.#o.through && this.#routes.current.adopts
  }

  passageOf(parcel: Parcel, at: number): (() => void) | undefined {
    return this.#routes.current.passageOf(parcel, at)
  }

  readonly cleared = (): void => this.#routes.review()

  tooSlow(edge: Edge): void {
    const { version } = this.#routes.current
    void this.removeDestination(edge.id, { timeout: 0, force: true }, version).then(count =>
      this.#o.onDetached?.(edge.id, count),
    )
  }

  // ── the way of an item ────────────────────────────────────────────────────────────────────────────────────────────

  #compose(): Observable<unknown> {
    const { handler, concurrency, onError, through } = this.#o
    const onFailed = failedBy(onError, reason => this.fail(reason))
    const values: Observable<unknown> = handler
      ? this.#deliveries.pipe(
          eachDelivery(handler, concurrency, onFailed),
          routing(this.#taking, this.cleared),
          settleDeliveries({ returns: putOff }),
        )
      : this.#values
    return through ? values.pipe(through) : values
  }

  #pass(value: unknown, route: Route): void {
    const taking = this.#taking
    const before = taking.route
    taking.route = route
    try {
      this.#values.next(value)
    } finally {
      taking.route = before
    }
  }

  #fanOut(value: unknown): void {
    const item = slot.current
    if (this.#lettingGo) {
      item?.spoil(new LinkError('the link has ended', 'ERR_LINK_ENDED'))
      return
    }
    if (!item && !this.#o.atMostOnce) {
      const held = 'through emitted a value outside the call that brought its item, so that the item cannot be tracked'
      const mend = "use each for asynchronous work, or declare { delivery: 'at-most-once' }"
      this.fail(new LinkError(`${held}; ${mend}`, 'ERR_LINK_UNTRACKED'))
      return
    }
    const joint = this.#spare ?? new Joint()
    this.#spare = undefined
    joint.begin(item)
    for (const edge of (this.#taking.route ?? this.#routes.current).edges) edge.push(value, joint)
    joint.passedOn()
    if (joint.untouched) this.#spare = joint
  }

  // ── ends ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #assertRunning(): void {
    if (this.#ended) throw new LinkError('the link has ended and takes no more endpoints', 'ERR_LINK_ENDED')
  }

  #takeNoMore(): void {
    this.#ended = true
    for (const { lane } of this.#sources.values()) lane.unsubscribe()
  }

  #sourceEnded(id: number): void {
    const edge = this.#sources.get(id)
    if (edge) edge.ended = true
    this.#lookForEnd()
  }

  /** The link is done when it has sources and all have ended. */
  #lookForEnd(): void {
    const all = [...this.#sources.values()]
    if (!this.#begun || this.#ended || all.length === 0 || all.some(({ ended }) => !ended)) return
    this.#ended = true
    this.#deliveries.complete()
    this.#values.complete()
  }

  /** All sources have ended, or the operators want no more. */
  #complete(): void {
    if (this.#lettingGo) return
    this.#takeNoMore()
    const completed = [...this.#edges.values()].map(async edge => {
      // Values outside any receipt may still wait in a buffer.
      if (edge.owed > 0) await new Promise<void>(resolve => this.#routes.whenStored(edge, resolve))
      if (this.#edges.has(edge.id)) await edge.destination.complete()
    })
    Promise.all(completed).then(
      () => this.#letGo(new LinkError('the link has ended', 'ERR_LINK_ENDED')).then(this.#done.resolve),
      error => this.fail(error),
    )
  }

  async #settledWithin(timeout: number, sources: readonly SourceEdge[]): Promise<void> {
    const cancels: (() => void)[] = []
    const settled = sources.map(
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
    const destinations = [...this.#edges.values()].map(({ destination }) => destination)
    for (const destination of destinations) destination.stop(error)
    await within(LAST_WRITES, Promise.allSettled(destinations.map(destination => destination.finish())))
    for (const { lane, source } of this.#sources.values()) {
      lane.giveBack()
      source.stop(error)
    }
  }
}

function sourceCount({ id, source, lane }: SourceEdge): EdgeCount {
  return {
    id,
    items: lane.moved + lane.unsettled,
    settled: lane.moved,
    bytes: source.settledBytes?.() ?? lane.bytes,
    credits: Math.max(0, lane.demand),
    latencies: lane.latencies.counts,
  }
}

function countOf({ id, items, stored, dropped }: Edge): EdgeCount {
  return { id, items, settled: stored, bytes: 0, dropped }
}

/** What is taken elsewhere is bounded there, and comes item by item. */
function ofTaken({ routeOf, keyOf }: LaneLink): LaneLink {
  const passageOf = (): undefined => undefined
  return { roomFor: () => Number.POSITIVE_INFINITY, routeOf, keyOf, passesSealed: false, passageOf }
}
