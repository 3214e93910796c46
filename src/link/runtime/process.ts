import { SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { clock } from '../../util/clock.js'
import { Deferred } from '../../util/deferred.js'
import type { LinkPlan } from '../link-plan.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { DataFromChild, DataToChild, Placed, PlacedEndpoint, Progress } from '../protocol.js'
import { isStep } from '../step.js'
import { within } from '../within.js'
import { Channel } from './channel.js'
import { LinkChild } from './child-process.js'
import { OwnEnds } from './own-ends.js'
import { Restarts } from './restarts.js'
import type { Placeable, Runtime, RuntimeStop } from './runtime.js'
import { Tally } from './tally.js'

/** Milliseconds that a child is given beyond the timeout of a stop to say how it went. */
const ANSWER = 500
/** Milliseconds that the parent's own destinations have to write what they accepted. */
const LAST_WRITES = 250

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
  readonly #ends: OwnEnds
  /** Files that a child has opened for writing: they are not to be replaced again. */
  readonly #opened = new Set<number>()
  #spill: SpillDirectory | undefined
  #child: LinkChild | undefined
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #stopped: Deferred<RuntimeStop> | undefined
  #ending: Promise<number> | undefined

  constructor(plan: LinkPlan, events: ProcessEvents) {
    this.#plan = plan
    this.#events = events
    this.#restarts = new Restarts(plan.restart)
    this.#ends = new OwnEnds(plan.prefetch, error => this.#fail(error))
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
    this.#channel?.send({ type: 'addSource', endpoint: this.#placed(source) })
    this.#ends.addSource(source)
  }

  addDestination(destination: Placeable<OpenDestination>): void {
    this.#assertRunning()
    this.#ends.addDestination(destination)
    this.#channel?.send({ type: 'addDestination', endpoint: this.#placed(destination) })
  }

  progress(): Progress {
    const { sources, destinations, offsets } = this.#tally.total
    const { counts } = this.#ends
    // The parent's own it has counted itself, and exactly; they come last.
    return {
      sources: [...counts.sources, ...sources],
      destinations: [...counts.destinations, ...destinations],
      offsets,
    }
  }

  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    if (this.#ending) {
      await this.#ending
      return { forced: false, returned: 0 }
    }
    const stopped = new Deferred<RuntimeStop>()
    this.#stopped = stopped
    this.#restarts.cancel()
    this.#ends.pause()
    if (!this.#child) stopped.resolve({ forced: false, returned: 0 })
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
    return { forced, returned: returned + reclaimed }
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
      case 'put':
        return this.#ends.server(message.id)?.put(message.ticket, message.values)
      case 'complete':
        return this.#ends.server(message.id)?.complete()
      case 'running':
        return this.#events.running(this.#child?.pid)
      case 'opened':
        return void this.#opened.add(message.id)
      case 'progress':
        return this.#progressed(message.progress)
      case 'done':
        this.#progressed(message.progress)
        return void this.#end(undefined).then(() => this.#done.resolve())
      case 'stopped':
        this.#progressed(message.progress)
        return this.#stopped?.resolve(message)
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
      this.#stopped.resolve({ forced: true, returned: cutOff.returned + reclaimed })
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
    return { forced: true, returned: files.reduce((sum, { items, settled }) => sum + items - settled, 0) }
  }

  #fail(error: unknown): void {
    if (this.#ending) return
    void this.#end(error).then(() => {
      this.#done.reject(error)
      this.#stopped?.resolve({ forced: true, returned: 0 })
    })
  }

  /** What the child had and did not settle goes back to its sources. Answers how many items that were. */
  #letGo(): number {
    const reclaimed = this.#ends.disconnect()
    this.#channel?.close()
    this.#channel = undefined
    this.#child = undefined
    return reclaimed
  }

  /** Ends everything, once. Answers how many items went back. */
  #end(error: unknown): Promise<number> {
    this.#ending ??= this.#endAll(error)
    return this.#ending
  }

  async #endAll(error: unknown): Promise<number> {
    this.#restarts.cancel()
    this.#ends.pause()
    await this.#child?.end()
    const reclaimed = this.#letGo()
    await within(LAST_WRITES, this.#ends.stop(error))
    await this.#spill?.remove()
    return reclaimed
  }

  // ── what the child is told ──────────────────────────────────────────────────────────────────────────────────────

  #place(spill: SpillDirectory): Placed {
    const { sources, destinations, through, each, concurrency, prefetch, atMostOnce } = this.#plan
    return {
      sources: sources.map(source => this.#placed(source)),
      destinations: destinations.map(destination => this.#placed(destination)),
      ...(isStep(through) ? { through } : {}),
      ...(isStep(each) ? { each } : {}),
      concurrency,
      prefetch,
      atMostOnce,
      spill: spill.path,
    }
  }

  #placed({ id, endpoint }: Placeable<unknown>): PlacedEndpoint {
    const { name, file } = endpoint
    return file ? { id, name, file, start: this.#tally.offset(id), cut: this.#opened.has(id) } : { id, name }
  }

  #assertRunning(): void {
    if (this.#ending || this.#stopped)
      throw new LinkError('the link has ended and takes no more endpoints', 'ERR_LINK_ENDED')
  }
}
