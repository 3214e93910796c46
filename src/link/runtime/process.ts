import { SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { clock } from '../../util/clock.js'
import { Deferred } from '../../util/deferred.js'
import type { LinkPlan } from '../link-plan.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { DataFromChild, DataToChild, FromChild, Placed, PlacedEndpoint, Progress } from '../protocol.js'
import { isStep } from '../step.js'
import { Channel } from './channel.js'
import { LinkChild } from './child-process.js'
import { DestinationServer } from './destination-server.js'
import { Restarts } from './restarts.js'
import type { Placeable, Runtime } from './runtime.js'
import { SourceFeeder } from './source-feeder.js'
import { Tally } from './tally.js'

const LONGEST_WORD = 1000

export interface ProcessEvents {
  running(pid: number | undefined): void
  restarting(why: string, ms: number): void
}

/** Runs a link in a child process, keeps what that has not settled, and starts another child when one dies. */
export class ProcessRuntime implements Runtime {
  readonly #plan: LinkPlan
  readonly #events: ProcessEvents
  readonly #done = new Deferred<void>()
  readonly #restarts: Restarts
  readonly #tally = new Tally()
  readonly #ownSources = new Map<number, OpenSource>()
  readonly #ownDestinations = new Map<number, OpenDestination>()
  #feeders = new Map<number, SourceFeeder>()
  #servers = new Map<number, DestinationServer>()
  #spill!: SpillDirectory
  #child: LinkChild | undefined
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #stopped: Deferred<boolean> | undefined
  #isOver = false

  constructor(plan: LinkPlan, events: ProcessEvents) {
    this.#plan = plan
    this.#events = events
    this.#restarts = new Restarts(plan.restart)
    this.#done.promise.catch(() => {})
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get restarts(): number {
    return this.#restarts.count
  }

  async start(): Promise<void> {
    this.#spill = await SpillDirectory.make()
    for (const destination of this.#plan.destinations) this.#openDestination(destination)
    this.#spawn()
  }

  addSource(source: Placeable<OpenSource>): void {
    if (!this.#child) return
    this.#child.tell({ queuelink: 'addSource', endpoint: this.#placed(source) })
    this.#feed(source)
  }

  addDestination(destination: Placeable<OpenDestination>): void {
    if (!this.#child) return
    this.#openDestination(destination)
    this.#serve(destination)
    this.#child.tell({ queuelink: 'addDestination', endpoint: this.#placed(destination) })
  }

  progress(): Progress {
    return this.#tally.total
  }

  async stop(drain: boolean, timeout: number): Promise<boolean> {
    if (this.#isOver) return false
    const stopped = new Deferred<boolean>()
    this.#stopped = stopped
    this.#restarts.cancel()
    for (const feeder of this.#feeders.values()) feeder.stop()
    if (!this.#child) stopped.resolve(false)
    this.#child?.tell({ queuelink: 'stop', drain, timeout })
    const cancel = clock.after(timeout + LONGEST_WORD, () => stopped.resolve(true))
    const forced = await stopped.promise
    cancel()
    await this.#end(new LinkError('the link was stopped before this item was stored everywhere', 'ERR_LINK_STOPPED'))
    this.#done.resolve()
    return forced
  }

  // ── the child ───────────────────────────────────────────────────────────────────────────────────────────────────

  #spawn(): void {
    const { sources, destinations } = this.#plan
    const child = new LinkChild(
      message => this.#control(message),
      why => this.#died(why),
    )
    this.#child = child
    this.#channel = new Channel(
      child.data,
      this.#spill,
      message => this.#hear(message),
      // A broken pipe is told by the child's exit; anything else cannot be mended.
      error => (error instanceof Error && 'syscall' in error ? undefined : this.#fail(error)),
    )
    child.tell({ queuelink: 'start', placed: this.#place() })
    for (const destination of destinations) this.#serve(destination)
    for (const source of sources) this.#feed(source)
  }

  #control(message: FromChild): void {
    if (message?.queuelink === 'running') this.#events.running(this.#child?.pid)
    else if (message?.queuelink === 'progress') this.#progressed(message.progress)
  }

  #hear(message: DataFromChild): void {
    switch (message.type) {
      case 'settled':
        this.#restarts.progressed()
        return this.#feeders.get(message.id)?.settled(message.items)
      case 'nacked':
        return this.#feeders.get(message.id)?.nacked(message.item, message.attempt, message.o)
      case 'put':
        return this.#servers.get(message.id)?.put(message.ticket, message.values)
      case 'complete':
        return this.#servers.get(message.id)?.complete()
      case 'done':
        this.#progressed(message.progress)
        return void this.#end(undefined).then(this.#done.resolve)
      case 'stopped':
        this.#progressed(message.progress)
        return this.#stopped?.resolve(message.forced)
      case 'failed':
        return this.#fail(message.error)
      default:
        return this.#fail(new LinkError('the child said something unknown', 'ERR_LINK_PROTOCOL', { cause: message }))
    }
  }

  #progressed(progress: Progress): void {
    if (this.#tally.report(progress)) this.#restarts.progressed()
  }

  #died(why: string): void {
    if (this.#isOver) return
    this.#letGo()
    this.#tally.nextChild()
    if (this.#stopped) {
      this.#stopped.resolve(true)
      return
    }
    const ms = this.#restarts.next(() => this.#spawn())
    if (ms === undefined) {
      const { max } = this.#plan.restart
      this.#fail(
        new LinkError(`the link's child died ${max + 1} times without progress; at last, ${why}`, 'ERR_LINK_CHILD'),
      )
    } else this.#events.restarting(why, ms)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#done.reject(error)
    this.#stopped?.resolve(true)
    void this.#end(error)
  }

  /** What the child had and did not settle goes back to its sources. */
  #letGo(): void {
    this.#channel?.close()
    for (const feeder of this.#feeders.values()) feeder.reclaim()
    this.#feeders = new Map()
    this.#servers = new Map()
  }

  async #end(error: unknown): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#restarts.cancel()
    const child = this.#child
    await child?.end()
    this.#letGo()
    for (const source of this.#ownSources.values()) source.stop(error)
    for (const destination of this.#ownDestinations.values()) destination.stop(error)
    await this.#spill.remove()
  }

  // ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────────────

  #place(): Placed {
    const { sources, destinations, through, each, concurrency, prefetch, atMostOnce } = this.#plan
    return {
      sources: sources.map(source => this.#placed(source)),
      destinations: destinations.map(destination => this.#placed(destination)),
      ...(isStep(through) ? { through } : {}),
      ...(isStep(each) ? { each } : {}),
      concurrency,
      prefetch,
      atMostOnce,
      spill: this.#spill.path,
    }
  }

  #placed({ id, endpoint }: Placeable<unknown>): PlacedEndpoint {
    const { name, file } = endpoint
    const isRestart = this.#restarts.count > 0
    return file ? { id, name, file, start: this.#tally.offset(id), cut: isRestart } : { id, name }
  }

  /** The parent's own sources are opened once and outlive a child. */
  #feed({ id, endpoint }: Placeable<OpenSource>): void {
    if (endpoint.file || !this.#channel) return
    const source = this.#ownSources.get(id) ?? endpoint.open()
    this.#ownSources.set(id, source)
    const { prefetch } = this.#plan
    this.#feeders.set(id, new SourceFeeder(id, source.mailbox, prefetch, this.#channel, error => this.#fail(error)))
  }

  #openDestination({ id, endpoint }: Placeable<OpenDestination>): void {
    if (endpoint.file) return
    const destination = endpoint.open()
    this.#ownDestinations.set(id, destination)
    destination.failed.catch(error => this.#fail(error))
  }

  #serve({ id }: Placeable<OpenDestination>): void {
    const destination = this.#ownDestinations.get(id)
    if (destination && this.#channel) this.#servers.set(id, new DestinationServer(id, destination, this.#channel))
  }
}
