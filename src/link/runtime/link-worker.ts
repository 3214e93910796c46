import type { SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { clock } from '../../util/clock.js'
import { Deferred } from '../../util/deferred.js'
import type { DataFromChild, DataToChild, EdgeCount, Placed, Progress, Removal, RouteChange } from '../protocol.js'
import { within } from '../within.js'
import { Channel } from './channel.js'
import { Heartbeat } from './heartbeat.js'
import type { Host } from './host.js'
import type { Hosting } from './hosting.js'
import { Registry } from './registry.js'
import type { Restarting } from './restarts.js'
import type { RuntimeStop } from './runtime.js'
import type { FeederLink } from './source-feeder.js'
import { Tally } from './tally.js'
import { WorkerEnds } from './worker-ends.js'

/** Milliseconds that a child is given beyond the timeout of a stop to say how it went. */
const ANSWER = 500
/** Deaths with one record of a file unsettled: what a queue allows an item, whatever other sources do meanwhile. */
const STUCK_AFTER = 16

/** What a worker needs to know of its link. */
export interface WorkerLink extends FeederLink {
  readonly restart: { readonly max: number; readonly backoff: number }
  readonly heartbeat: number
  readonly hosting: Hosting
  /** What the next child is told. */
  place(worker: LinkWorker, spill: string): Placed
  /** Endpoints that it is told of. */
  readonly ids: readonly number[]
  running(where: Host['where']): void
  restarting(why: string, ms: number): void
  opened(id: number): void
  detached(id: number, count: EdgeCount): void
  finished(worker: LinkWorker): void
  failed(error: unknown): void
}

/** A place in a link in which one child follows another: keeps what a child has not settled, and replaces it when it dies. */
export class LinkWorker {
  readonly tally = new Tally()
  readonly ends: WorkerEnds
  readonly registry = new Registry()
  readonly #spill: Promise<SpillDirectory>
  readonly #link: WorkerLink
  readonly #restarts: Restarting
  /** Endpoints that the child is to let go of. */
  readonly #removals = new Map<number, Deferred<void>>()
  #host: Host | undefined
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #heartbeat: Heartbeat | undefined
  /** The oldest version of the destinations that the child was told items may still come with. */
  #floor = 0
  #hung = false
  #stopped: Deferred<RuntimeStop> | undefined
  #ended = false

  /** `spill` is its own: it is cleared when a child has died. */
  constructor(link: WorkerLink, spill: Promise<SpillDirectory>) {
    this.#link = link
    this.#spill = spill
    this.#restarts = link.hosting.restarts()
    this.ends = new WorkerEnds(link, link.hosting.quarantine(), {
      sent: () => this.#sent(),
      failed: error => link.failed(error),
    })
  }

  get restarts(): number {
    return this.#restarts.count
  }

  start(): void {
    if (this.#ended || this.#stopped) return
    try {
      const host = this.#link.hosting.start({
        exited: why => this.#died(this.#hung ? `it did not answer for ${this.#link.heartbeat} ms` : why),
        pong: () => this.#heartbeat?.answered(),
      })
      this.#host = host
      this.#hung = false
      // While the child starts, there may still be a directory to be made.
      this.#spill.then(
        spill => this.#connect(host, spill),
        error => this.#link.failed(error),
      )
    } catch (error) {
      void this.#host?.end()
      this.#died(`it could not be started: ${(error as Error).message}`)
    }
  }

  tell(message: DataToChild): void {
    this.#channel?.send(message)
  }

  /** Numbers a change of the destinations, for a message about it. */
  change(): RouteChange {
    this.#floor = this.ends.oldest
    return { version: this.#link.version, oldest: this.#floor }
  }

  /** Resolves when the child has let go of an endpoint, or is gone itself, and with it all that it had taken. */
  async remove(id: number, o: Removal, ask: () => DataToChild): Promise<EdgeCount | undefined> {
    this.registry.delete(id)
    if (this.#channel) {
      const removed = new Deferred<void>()
      this.#removals.set(id, removed)
      this.tell(ask())
      await within((o.force ? 0 : o.timeout) + ANSWER, removed.promise)
      this.#removals.delete(id)
    }
    return this.tally.remove(id)
  }

  /** Takes no more, and lets the child stop; resolves with how that went. */
  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    const stopped = new Deferred<RuntimeStop>()
    this.#stopped = stopped
    this.#restarts.cancel()
    this.ends.pause()
    if (!this.#channel) return { forced: false, returned: new Map() }
    this.#host?.tell({ queuelink: 'stop', drain, timeout })
    const cancel = clock.after(timeout + ANSWER, () => stopped.resolve(this.#cutOff()))
    const stop = await stopped.promise
    cancel()
    return stop
  }

  /** Ends the child, whatever it does. Answers how many items went back, by source. */
  async end(): Promise<Map<number, number>> {
    this.#ended = true
    this.#restarts.cancel()
    this.ends.pause()
    await this.#host?.end()
    const reclaimed = this.#letGo()
    this.ends.end()
    this.registry.end()
    this.#stopped?.resolve({ forced: true, returned: new Map() })
    await this.#spill.then(spill => spill.remove()).catch(() => {})
    return reclaimed
  }

  #connect(host: Host, spill: SpillDirectory): void {
    if (this.#host !== host || this.#ended || this.#stopped) return
    // A broken pipe is told by the child's exit; anything else cannot be mended.
    const channel = new Channel<DataFromChild, DataToChild>(host.data, spill, error =>
      error instanceof Error && 'syscall' in error ? undefined : this.#link.failed(error),
    )
    this.#channel = channel
    channel.listen(message => this.#hear(message))
    this.#floor = this.#link.version
    host.tell({ queuelink: 'start', placed: this.#link.place(this, spill.path) })
    this.#heartbeat = new Heartbeat(
      this.#link.heartbeat,
      () => host.tell({ queuelink: 'ping' }),
      () => {
        this.#hung = true
        host.kill()
      },
    )
    this.ends.connect(channel)
  }

  #sent(): void {
    if (this.#floor === this.#link.version) return
    const { oldest } = this.ends
    if (oldest === this.#floor) return
    this.#floor = oldest
    this.tell({ type: 'oldest', version: oldest })
  }

  #hear(message: DataFromChild): void {
    const { ends } = this
    switch (message.type) {
      case 'settled':
        this.#restarts.progressed()
        return ends.feeder(message.id)?.settled(message.items)
      case 'nacked':
        return ends.feeder(message.id)?.nacked(message.item, message.attempt, message.o)
      case 'returned':
        return ends.feeder(message.id)?.returned(message.item, message.attempt, message.delay)
      case 'put':
        return ends.server(message.id)?.put(message.ticket, message.values)
      case 'complete':
        return ends.server(message.id)?.complete()
      case 'running':
        this.#heartbeat?.answered()
        for (const id of this.#link.ids) this.registry.add(id)
        return this.#link.running(this.#host?.where ?? {})
      case 'added':
        return this.registry.add(message.id)
      case 'removed':
        this.tally.count(message.count)
        return this.#removals.get(message.id)?.resolve()
      case 'detached':
        return this.#link.detached(message.id, message.count)
      case 'opened':
        return this.#link.opened(message.id)
      case 'progress':
        return this.#progressed(message.progress)
      case 'done':
        this.#progressed(message.progress)
        // It had nothing left when it was asked to stop.
        this.#stopped?.resolve({ forced: false, returned: new Map() })
        return this.#link.finished(this)
      case 'stopped':
        this.#progressed(message.progress)
        return this.#stopped?.resolve({ forced: message.forced, returned: new Map(message.returned) })
      case 'failed':
        return this.#link.failed(message.error)
      default:
        this.#link.failed(new LinkError('the child said something unknown', 'ERR_LINK_PROTOCOL', { cause: message }))
    }
  }

  #progressed(progress: Progress): void {
    if (this.tally.report(progress)) this.#restarts.progressed()
  }

  #died(why: string): void {
    if (this.#ended) return
    const cutOff = this.#cutOff()
    if (!this.#stopped) this.ends.died(why)
    const reclaimed = this.#letGo()
    this.tally.nextChild()
    const stuck = this.tally.stuck >= STUCK_AFTER
    if (this.#stopped) {
      this.#stopped.resolve({ forced: true, returned: new Map([...cutOff.returned, ...reclaimed]) })
      return
    }
    if (this.#ended) return
    // Nobody reads any more what that child and its parent had spilled for each other.
    const cleared = this.#spill.then(spill => spill.clear())
    const ms = stuck ? undefined : this.#restarts.next(() => void cleared.then(() => this.start()))
    if (ms !== undefined) {
      this.#link.restarting(why, ms)
      return
    }
    const times = stuck
      ? `${STUCK_AFTER} times at the same place of a file`
      : `${this.#link.restart.max + 1} times without progress`
    this.#link.failed(new LinkError(`the link's child died ${times}; at last, ${why}`, 'ERR_LINK_CHILD'))
  }

  /** The child said nothing about how it ended. */
  #cutOff(): RuntimeStop {
    const files = this.tally.total.sources.filter(({ id }) => !this.ends.feeder(id))
    return { forced: true, returned: new Map(files.map(({ id, items, settled }) => [id, items - settled])) }
  }

  /** What the child had and did not settle goes back to its sources. Answers how many items that were. */
  #letGo(): Map<number, number> {
    this.#heartbeat?.stop()
    const reclaimed = this.ends.disconnect()
    this.registry.clear()
    for (const removed of this.#removals.values()) removed.resolve()
    this.#channel?.close()
    this.#channel = undefined
    this.#host = undefined
    return reclaimed
  }
}
