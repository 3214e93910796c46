import { SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { clock } from '../../util/clock.js'
import { Deferred } from '../../util/deferred.js'
import type { LinkPlan } from '../link-plan.js'
import type { OpenSource } from '../open-source.js'
import type { DataFromChild, DataToChild, EdgeCount, Placed, Progress, Removal, RouteChange } from '../protocol.js'
import { bufferOf } from '../when-slow.js'
import { within } from '../within.js'
import { Channel } from './channel.js'
import { LinkChild } from './child-process.js'
import { OwnEnds } from './own-ends.js'
import { type FilePlaces, placeEnd, placeLink } from './place-link.js'
import { Registry } from './registry.js'
import { Restarts } from './restarts.js'
import type { Placeable, PlaceableDestination, Runtime, RuntimeEvents, RuntimeStop } from './runtime.js'
import type { FeederLink } from './source-feeder.js'
import { Tally } from './tally.js'

/** Milliseconds that a child is given beyond the timeout of a stop to say how it went. */
const ANSWER = 500
const NOTHING: ReadonlyMap<number, number> = new Map()

/** Runs a link in a child process, keeps what that has not settled, and starts another child when one dies. */
export class ProcessRuntime implements Runtime, FeederLink {
  /** Of the destinations; each change counts one up. */
  version = 0
  readonly #plan: LinkPlan
  readonly #events: RuntimeEvents
  readonly #done = new Deferred<void>()
  readonly #restarts: Restarts
  readonly #tally = new Tally()
  readonly #ends: OwnEnds
  /** Files that a child has opened for writing: they are not to be replaced again. */
  readonly #opened = new Set<number>()
  readonly #files: FilePlaces = {
    start: id => this.#tally.offset(id),
    cut: id => this.#opened.has(id),
  }
  #spill: SpillDirectory | undefined
  #child: LinkChild | undefined
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #stopped: Deferred<RuntimeStop> | undefined
  #ending: Promise<Map<number, number>> | undefined
  /** The oldest version that the child was told items may still come with. */
  #floor = 0
  readonly #registry = new Registry()
  /** Endpoints that the child is to let go of. */
  readonly #removals = new Map<number, Deferred<void>>()

  constructor(plan: LinkPlan, events: RuntimeEvents) {
    this.#plan = plan
    this.#events = events
    this.#restarts = new Restarts(plan.restart)
    this.#ends = new OwnEnds(plan.prefetch, this, error => this.#fail(error))
    this.#done.promise.catch(() => {})
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get restarts(): number {
    return this.#restarts.count
  }

  async start(): Promise<void> {
    try {
      // At once: what a hot Observable says is not said again.
      for (const destination of this.#plan.destinations) this.#ends.addDestination(destination)
      for (const source of this.#plan.sources) this.#ends.addSource(source)
      const spill = await SpillDirectory.make()
      if (this.#ending || this.#stopped) {
        await spill.remove()
        return
      }
      this.#spill = spill
      this.#spawn(spill)
    } catch (error) {
      this.#fail(error)
    }
  }

  addSource(source: Placeable<OpenSource>): void {
    this.#assertRunning()
    // In line before its items.
    this.#channel?.send({ type: 'addSource', endpoint: placeEnd(source, this.#files) })
    this.#ends.addSource(source)
  }

  addDestination(destination: PlaceableDestination): void {
    this.#assertRunning()
    this.#ends.addDestination(destination)
    this.#channel?.send({ type: 'addDestination', endpoint: placeEnd(destination, this.#files), ...this.#change() })
    this.#ends.review()
  }

  registered(id: number): Promise<void> {
    return this.#registry.whenIn(id)
  }

  async removeSource({ id }: Placeable<OpenSource>, o: Removal): Promise<EdgeCount> {
    const feeder = this.#ends.feeder(id)
    feeder?.pause()
    // What it took may still be on its way to the child.
    if (feeder && !o.force) await within(o.timeout, new Promise<void>(resolve => feeder.whenSettled(resolve)))
    const ask = feeder ? { timeout: 0, force: true } : o
    const removed = await this.#removed(id, ask, () => this.#channel?.send({ type: 'removeSource', id, ...ask }))
    const left = new LinkError('the source was unregistered before this item was stored everywhere', 'ERR_LINK_LEFT')
    return this.#ends.removeSource(id, left) ?? removed
  }

  async removeDestination({ id }: PlaceableDestination, o: Removal): Promise<EdgeCount> {
    const change = this.#change()
    const removed = await this.#removed(id, o, () =>
      this.#channel?.send({ type: 'removeDestination', id, ...change, ...o }),
    )
    this.#opened.delete(id)
    const own = await this.#ends.removeDestination(id, new LinkError('the destination has left', 'ERR_LINK_LEFT'))
    return own ? { ...removed, ...own } : removed
  }

  roomFor(prefetch: number): number {
    const { destinations } = this.#plan
    if (destinations.length === 0) return 0
    return destinations.reduce((room, { policy }) => room + bufferOf(policy), prefetch)
  }

  sent(): void {
    if (this.#floor === this.version) return
    const oldest = this.#ends.oldest
    if (oldest === this.#floor) return
    this.#floor = oldest
    this.#channel?.send({ type: 'oldest', version: oldest })
  }

  progress(): Progress {
    const { sources, destinations, offsets } = this.#tally.total
    const { counts } = this.#ends
    // The parent's own it has counted itself, and exactly; only the child knows what was dropped.
    return {
      sources: [...counts.sources, ...sources],
      destinations: [...counts.destinations.map(own => withDropped(own, destinations)), ...destinations],
      offsets,
    }
  }

  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    if (this.#ending) {
      await this.#ending
      return { forced: false, returned: NOTHING }
    }
    const stopped = new Deferred<RuntimeStop>()
    this.#stopped = stopped
    this.#restarts.cancel()
    this.#ends.pause()
    if (!this.#child) stopped.resolve({ forced: false, returned: NOTHING })
    this.#child?.tell({ queuelink: 'stop', drain, timeout })
    const cancel = clock.after(timeout + ANSWER, () => {
      this.#child?.kill()
      stopped.resolve(this.#cutOff())
    })
    const { forced, returned } = await stopped.promise
    cancel()
    const error = new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED')
    const reclaimed = await this.#end(error)
    this.#done.resolve()
    return { forced, returned: new Map([...reclaimed, ...returned]) }
  }

  /** Numbers a change of the destinations. */
  #change(): RouteChange {
    this.version++
    this.#floor = this.#ends.oldest
    return { version: this.version, oldest: this.#floor }
  }

  /** Waits until the child has let go of an endpoint, or is gone itself, and with it all that it had taken. */
  async #removed(id: number, o: Removal, ask: () => void): Promise<EdgeCount> {
    this.#registry.delete(id)
    const nothing = { id, items: 0, settled: 0, bytes: 0 }
    if (!this.#channel) return nothing
    const removed = new Deferred<void>()
    this.#removals.set(id, removed)
    ask()
    await within((o.force ? 0 : o.timeout) + ANSWER, removed.promise)
    this.#removals.delete(id)
    return this.#tally.remove(id) ?? nothing
  }

  // ── the child ───────────────────────────────────────────────────────────────────────────────────────────────────

  #spawn(spill: SpillDirectory): void {
    if (this.#ending || this.#stopped) return
    try {
      const child = new LinkChild(why => this.#died(spill, why))
      this.#child = child
      // A broken pipe is told by the child's exit; anything else cannot be mended.
      const channel = new Channel<DataFromChild, DataToChild>(child.data, spill, error =>
        error instanceof Error && 'syscall' in error ? undefined : this.#fail(error),
      )
      this.#channel = channel
      channel.listen(message => this.#hear(message))
      child.tell({ queuelink: 'start', placed: this.#place(spill) })
      this.#ends.connect(channel)
    } catch (error) {
      void this.#child?.end()
      this.#died(spill, `it could not be started: ${(error as Error).message}`)
    }
  }

  #hear(message: DataFromChild): void {
    switch (message.type) {
      case 'settled':
        this.#restarts.progressed()
        return this.#ends.feeder(message.id)?.settled(message.items)
      case 'nacked':
        return this.#ends.feeder(message.id)?.nacked(message.item, message.attempt, message.o)
      case 'returned':
        return this.#ends.feeder(message.id)?.returned(message.item, message.attempt, message.delay)
      case 'put':
        return this.#ends.server(message.id)?.put(message.ticket, message.values)
      case 'complete':
        return this.#ends.server(message.id)?.complete()
      case 'running':
        for (const { id } of [...this.#plan.sources, ...this.#plan.destinations]) this.#registry.add(id)
        return this.#events.running(this.#child?.pid === undefined ? {} : { pid: this.#child.pid })
      case 'added':
        return this.#registry.add(message.id)
      case 'removed':
        this.#tally.count(message.count)
        return this.#removals.get(message.id)?.resolve()
      case 'detached':
        return this.#detached(message.id, message.count)
      case 'opened':
        return void this.#opened.add(message.id)
      case 'progress':
        return this.#progressed(message.progress)
      case 'done':
        this.#progressed(message.progress)
        return void this.#end(undefined).then(() => this.#done.resolve())
      case 'stopped':
        this.#progressed(message.progress)
        return this.#stopped?.resolve({ forced: message.forced, returned: new Map(message.returned) })
      case 'failed':
        return this.#fail(message.error)
      default:
        return this.#fail(new LinkError('the child said something unknown', 'ERR_LINK_PROTOCOL', { cause: message }))
    }
  }

  #progressed(progress: Progress): void {
    if (this.#tally.report(progress)) this.#restarts.progressed()
  }

  #died(spill: SpillDirectory, why: string): void {
    if (this.#ending) return
    const cutOff = this.#cutOff()
    const reclaimed = this.#letGo()
    this.#tally.nextChild()
    if (this.#stopped) {
      this.#stopped.resolve({ forced: true, returned: new Map([...cutOff.returned, ...reclaimed]) })
      return
    }
    // Nobody reads any more what that child and its parent had spilled for each other.
    const cleared = spill.clear()
    const ms = this.#restarts.next(() => void cleared.then(() => this.#spawn(spill)))
    if (ms === undefined) {
      const times = this.#plan.restart.max + 1
      this.#fail(
        new LinkError(`the link's child died ${times} times without progress; at last, ${why}`, 'ERR_LINK_CHILD'),
      )
    } else this.#events.restarting(why, ms)
  }

  /** The child said nothing about how it ended. */
  #cutOff(): RuntimeStop {
    const { sources } = this.#tally.total
    const files = sources.filter(({ id }) => !this.#ends.feeder(id))
    return { forced: true, returned: new Map(files.map(({ id, items, settled }) => [id, items - settled])) }
  }

  #fail(error: unknown): void {
    if (this.#ending) return
    void this.#end(error).then(() => {
      this.#done.reject(error)
      this.#stopped?.resolve({ forced: true, returned: NOTHING })
    })
  }

  #detached(id: number, count: EdgeCount): void {
    this.#events.detached(id, count)
    const ask = { timeout: 0, force: true }
    void this.#ends.removeDestination(id, new LinkError('the destination was too slow', 'ERR_LINK_LEFT'))
    // The child has let go of it; what it takes from now on knows that by the number of this change.
    this.#channel?.send({ type: 'removeDestination', id, ...this.#change(), ...ask })
    this.#tally.remove(id)
  }

  /** What the child had and did not settle goes back to its sources. Answers how many items that were. */
  #letGo(): Map<number, number> {
    const reclaimed = this.#ends.disconnect()
    this.#registry.clear()
    for (const removed of this.#removals.values()) removed.resolve()
    this.#channel?.close()
    this.#channel = undefined
    this.#child = undefined
    return reclaimed
  }

  /** Ends everything, once. Answers how many items went back, by source. */
  #end(error: unknown): Promise<Map<number, number>> {
    this.#ending ??= this.#endAll(error)
    return this.#ending
  }

  async #endAll(error: unknown): Promise<Map<number, number>> {
    this.#restarts.cancel()
    this.#ends.pause()
    await this.#child?.end()
    const reclaimed = this.#letGo()
    this.#registry.end()
    await this.#ends.stop(error)
    await this.#spill?.remove()
    return reclaimed
  }

  // ── what the child is told ──────────────────────────────────────────────────────────────────────────────────────

  #place(spill: SpillDirectory): Placed {
    this.#floor = this.version
    return placeLink(this.#plan, this.version, spill.path, this.#files)
  }

  #assertRunning(): void {
    if (this.#ending || this.#stopped)
      throw new LinkError('the link has ended and takes no more endpoints', 'ERR_LINK_ENDED')
  }
}

/** What was dropped was never sent to the parent. */
function withDropped(own: EdgeCount, seen: readonly EdgeCount[]): EdgeCount {
  const { items = 0, dropped = 0 } = seen.find(({ id }) => id === own.id) ?? {}
  return { ...own, items: Math.max(own.items, items), dropped }
}
