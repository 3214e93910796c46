import type { Mailbox } from '../../core/mailbox.js'
import { SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { Deferred } from '../../util/deferred.js'
import { keyOf } from '../key-of.js'
import type { LinkPlan } from '../link-plan.js'
import type { OpenSource } from '../open-source.js'
import type { EdgeCount, Placed, Progress, Removal } from '../protocol.js'
import { bufferOf } from '../when-slow.js'
import { within } from '../within.js'
import { Completions } from './completions.js'
import type { Host } from './host.js'
import type { Hosting } from './hosting.js'
import { KeySharing, type SourceLine } from './key-sharing.js'
import { LinkWorker, type WorkerLink } from './link-worker.js'
import { OwnEnds } from './own-ends.js'
import { placeEnd, placeLink } from './place-link.js'
import type { Placeable, PlaceableDestination, Runtime, RuntimeEvents, RuntimeStop } from './runtime.js'
import { merged, sum, together, withDropped } from './together.js'

const NOTHING: ReadonlyMap<number, number> = new Map()

/** Runs a link in children: opens what only the parent can, shares it out, and ends them all together. */
export class PlacedRuntime implements Runtime, WorkerLink {
  /** Of the destinations; each change counts one up. */
  version = 0
  readonly keyOf: WorkerLink['keyOf']
  readonly #plan: LinkPlan
  readonly #events: RuntimeEvents
  readonly #done = new Deferred<void>()
  readonly #ends: OwnEnds
  readonly #makeHosting: () => Hosting
  #hosting: Hosting | undefined
  readonly #workers: LinkWorker[] = []
  readonly #isDone = new Set<LinkWorker>()
  readonly #completions: Completions
  /** Files that a child has opened for writing: they are not to be replaced again. */
  readonly #opened = new Set<number>()
  #stopping = false
  #ending: Promise<Map<number, number>> | undefined

  constructor(plan: LinkPlan, events: RuntimeEvents, makeHosting: () => Hosting) {
    this.#plan = plan
    this.#events = events
    this.#makeHosting = makeHosting
    this.keyOf = plan.key && keyOf(plan.key)
    const lineFor = (mailbox: Mailbox<unknown>): SourceLine => {
      return this.keyOf ? new KeySharing(mailbox, this.keyOf, plan.workers) : mailbox
    }
    this.#ends = new OwnEnds(plan.prefetch, lineFor, error => this.failed(error))
    this.#completions = new Completions(plan.workers, id => this.#ends.destinations.get(id)?.complete())
    this.#done.promise.catch(() => {})
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get restarts(): number {
    return this.#workers.reduce((sum, { restarts }) => sum + restarts, 0)
  }

  async start(): Promise<void> {
    try {
      this.#hosting = this.#makeHosting()
      // At once: what a hot Observable says is not said again.
      for (const destination of this.#plan.destinations) this.#openDestination(destination)
      for (const source of this.#plan.sources) this.#openSource(source)
      while (this.#workers.length < this.#plan.workers && !this.#ending) {
        const worker = new LinkWorker(this, SpillDirectory.make())
        for (const [id, source] of this.#ends.sources) worker.ends.addSource(id, source)
        for (const id of this.#ends.destinations.keys()) this.#serve(worker, id)
        this.#workers.push(worker)
        worker.start()
      }
    } catch (error) {
      this.failed(error)
    }
  }

  addSource(source: Placeable<OpenSource>): void {
    this.#assertRunning()
    // In line before its items.
    for (const worker of this.#workers) worker.tell({ type: 'addSource', endpoint: this.#placed(source, worker) })
    this.#openSource(source)
  }

  addDestination(destination: PlaceableDestination): void {
    this.#assertRunning()
    this.#openDestination(destination)
    this.version++
    for (const worker of this.#workers) {
      worker.tell({ type: 'addDestination', endpoint: this.#placed(destination, worker), ...worker.change() })
    }
    for (const { ends } of this.#workers) ends.review()
  }

  async registered(id: number): Promise<void> {
    await Promise.all(this.#workers.map(({ registry }) => registry.whenIn(id)))
  }

  async removeSource({ id }: Placeable<OpenSource>, o: Removal): Promise<EdgeCount> {
    const counts = await Promise.all(
      this.#workers.map(async worker => {
        const feeder = worker.ends.feeder(id)
        feeder?.pause()
        // What it took may still be on its way to the child.
        if (feeder && !o.force) await within(o.timeout, new Promise<void>(resolve => feeder.whenSettled(resolve)))
        const ask = feeder ? { timeout: 0, force: true } : o
        const removed = await worker.remove(id, ask, () => ({ type: 'removeSource', id, ...ask }))
        return worker.ends.removeSource(id) ?? removed
      }),
    )
    this.#ends.removeSource(
      id,
      new LinkError('the source has left before this item was stored everywhere', 'ERR_LINK_LEFT'),
    )
    return sum(id, counts)
  }

  async removeDestination({ id }: PlaceableDestination, o: Removal): Promise<EdgeCount> {
    this.version++
    const counts = await Promise.all(
      this.#workers.map(async worker => {
        const change = worker.change()
        const removed = await worker.remove(id, o, () => ({ type: 'removeDestination', id, ...change, ...o }))
        const own = worker.ends.removeDestination(id)
        return own && removed ? withDropped(own, [removed]) : (own ?? removed)
      }),
    )
    this.#opened.delete(id)
    await this.#ends.removeDestination(id, new LinkError('the destination has left', 'ERR_LINK_LEFT'))
    return sum(id, counts)
  }

  progress(): Progress {
    return together(this.#workers.map(({ tally, ends }) => ({ seen: tally.total, own: ends.counts })))
  }

  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    if (this.#ending) {
      await this.#ending
      return { forced: false, returned: NOTHING }
    }
    this.#stopping = true
    const stops = await Promise.all(this.#workers.map(worker => worker.stop(drain, timeout)))
    const error = new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED')
    const reclaimed = await this.#end(error)
    this.#done.resolve()
    const returned = merged([reclaimed, ...stops.map(stop => stop.returned)])
    return { forced: stops.some(({ forced }) => forced), returned }
  }

  // ── what workers ask and tell ─────────────────────────────────────────────────────────────────────────────────────

  get hosting(): Hosting {
    return this.#hosting as Hosting
  }

  get restart(): LinkPlan['restart'] {
    return this.#plan.restart
  }

  get heartbeat(): number {
    return this.#plan.heartbeat
  }

  get ids(): readonly number[] {
    return [...this.#plan.sources, ...this.#plan.destinations].map(({ id }) => id)
  }

  roomFor(prefetch: number): number {
    const { destinations } = this.#plan
    if (destinations.length === 0) return 0
    return destinations.reduce((room, { policy }) => room + bufferOf(policy), prefetch)
  }

  place(worker: LinkWorker, spill: string): Placed {
    return placeLink(this.#plan, this.version, spill, end => this.#placed(end, worker))
  }

  running(where: Host['where']): void {
    this.#events.running(where)
  }

  restarting(why: string, ms: number): void {
    this.#events.restarting(why, ms)
  }

  opened(id: number): void {
    this.#opened.add(id)
  }

  detached(id: number, count: EdgeCount): void {
    const destination = this.#plan.destinations.find(placed => placed.id === id)
    // At once: room that comes up there from now on is not for what waited for it.
    for (const { ends } of this.#workers) ends.removeDestination(id)
    void this.#ends.removeDestination(id, new LinkError('the destination was too slow', 'ERR_LINK_LEFT'))
    this.#events.detached(id, count)
    // From the other children, and from what is the parent's own.
    if (destination) void this.removeDestination(destination, { timeout: 0, force: true })
  }

  finished(worker: LinkWorker): void {
    this.#isDone.add(worker)
    if (this.#isDone.size === this.#workers.length) void this.#end(undefined).then(() => this.#done.resolve())
  }

  failed(error: unknown): void {
    if (this.#ending) return
    void this.#end(error).then(() => this.#done.reject(error))
  }

  // ── its own ends ──────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * One child opens what it can; several would read a file twice, write into each other's lines, and end what others write. Keys
   * are found here.
   */
  #isOwn(end: Placeable<unknown>): boolean {
    const { file, queue } = end.endpoint
    if (this.keyOf && !('policy' in end)) return true
    if (this.#plan.workers > 1 && (file || queue?.closeOnComplete)) return true
    return !file && !queue
  }

  #openSource(source: Placeable<OpenSource>): void {
    if (!this.#isOwn(source) || this.#ends.sources.has(source.id)) return
    const own = this.#ends.addSource(source)
    for (const { ends } of this.#workers) ends.addSource(source.id, own)
  }

  #openDestination(destination: PlaceableDestination): void {
    if (!this.#isOwn(destination) || this.#ends.destinations.has(destination.id)) return
    this.#ends.addDestination(destination)
    for (const worker of this.#workers) this.#serve(worker, destination.id)
  }

  #serve(worker: LinkWorker, id: number): void {
    const destination = this.#ends.destinations.get(id)
    if (destination) worker.ends.addDestination(id, destination, () => this.#completions.complete(id, worker))
  }

  #placed(end: Placeable<unknown>, { tally }: LinkWorker): ReturnType<typeof placeEnd> {
    return placeEnd(end, this.#isOwn(end), { start: id => tally.offset(id), cut: id => this.#opened.has(id) })
  }

  /** Ends everything, once. Answers how many items went back, by source. */
  #end(error: unknown): Promise<Map<number, number>> {
    this.#ending ??= this.#endAll(error)
    return this.#ending
  }

  async #endAll(error: unknown): Promise<Map<number, number>> {
    const reclaimed = await Promise.all(this.#workers.map(worker => worker.end()))
    this.#hosting?.release()
    await this.#ends.stop(error)
    return merged(reclaimed)
  }

  #assertRunning(): void {
    if (this.#ending || this.#stopping)
      throw new LinkError('the link has ended and takes no more endpoints', 'ERR_LINK_ENDED')
  }
}
