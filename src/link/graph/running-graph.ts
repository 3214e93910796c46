import { BehaviorSubject, type Observable } from 'rxjs'
import { mailboxOf } from '../../core/mailbox-of.js'
import type { Queue } from '../../core/queue.js'
import { reportUnhandled } from '../../core/report-unhandled.js'
import { GraphError } from '../../errors/graph-error.js'
import { optionError } from '../../errors/option-error.js'
import { Deferred } from '../../util/deferred.js'
import { onAbort } from '../../util/on-abort.js'
import { emitting } from '../emitting.js'
import { sinceThen } from '../link-metrics.js'
import type { StopOptions } from '../link-options.js'
import type { LinkReport } from '../link-status.js'
import type { QueueLink } from '../queue-link.js'
import { within } from '../within.js'
import type { Declarations, Graph, GraphLink } from './graph.js'
import type { GraphMetrics, GraphReport, GraphState, GraphStatus, QueueLevel } from './graph-status.js'
import { closeQueues, type OpenEnd } from './open-queues.js'
import { passEnds } from './pass-ends.js'
import type { OpenedOf } from './queue-spec.js'

type QueueNames<Q> = { [K in keyof Q]: [OpenedOf<Q[K]>] extends [never] ? never : K }[keyof Q]

/** The queues and links of a graph at work. */
export class RunningGraph<Q extends Declarations = Declarations> implements AsyncDisposable {
  readonly name: string
  /** By the names that the graph gives them. */
  readonly queues: { readonly [K in QueueNames<Q>]: OpenedOf<Q[K]> }
  readonly links: Readonly<Record<string, QueueLink>>
  readonly status$: Observable<GraphStatus>
  /** What every link has moved and every queue holds, now and at intervals, while somebody is subscribed. */
  readonly metrics$: Observable<GraphMetrics>
  readonly #graph: Graph
  readonly #links: ReadonlyMap<string, QueueLink>
  readonly #opened: ReadonlyMap<string, OpenEnd>
  readonly #status: BehaviorSubject<GraphStatus>
  readonly #done = new Deferred<void>()
  readonly #detach: () => void
  #watched = false
  #failing: Promise<void> | undefined
  #ending: Promise<GraphReport> | undefined

  /** @internal `runGraph` makes it. */
  constructor(
    graph: Graph<Q>,
    links: ReadonlyMap<string, QueueLink>,
    opened: ReadonlyMap<string, OpenEnd>,
    { signal, metricsInterval }: { signal: AbortSignal | undefined; metricsInterval: number | undefined },
  ) {
    this.name = graph.name
    this.#graph = graph
    this.#links = links
    this.#opened = opened
    this.links = Object.freeze(Object.fromEntries(links))
    const queues = [...opened.values()].flatMap(({ name, queue }) => (queue ? [[name, queue] as const] : []))
    this.queues = Object.freeze(Object.fromEntries(queues)) as RunningGraph<Q>['queues']
    this.#status = new BehaviorSubject<GraphStatus>({ state: 'running', links: {} })
    this.status$ = this.#status.asObservable()
    this.metrics$ = emitting(() => this.metrics(), sinceThenAll, this.status$, metricsInterval)
    this.#done.promise.catch(() => {})
    this.#detach = onAbort(signal, () => this.#fail(signal?.reason))
    passEnds(graph, links, opened)
    this.#watch()
  }

  /** Resolves when all links are done; rejects with what failed first: a GraphError that names its link, or the signal's reason. */
  get done(): Promise<void> {
    this.#watched = true
    return this.#done.promise
  }

  metrics(): GraphMetrics {
    const links = [...this.#links].map(([name, link]) => [name, link.metrics()] as const)
    const queues = [...this.#opened.values()].flatMap(({ name, queue }) =>
      queue ? [[name, levelOf(queue)] as const] : [],
    )
    const { state } = this.#status.value
    return { name: this.name, state, links: Object.fromEntries(links), queues: Object.fromEntries(queues) }
  }

  /**
   * Stops the links in the order of the flow, each once what feeds it has ended and what is under way is stored. What is
   * in a queue of this run is moved on; what other processes can open stays where it is.
   */
  async stop(o: StopOptions = {}): Promise<GraphReport> {
    const { drain = true, timeout = 10_000 } = o
    if (typeof timeout !== 'number' || !(timeout >= 0)) throw optionError('timeout', 'milliseconds, 0 or more', timeout)
    this.#ending ??= this.#stop(drain, timeout)
    return this.#ending
  }

  /** Lets go at once, and closes the queues that the graph opened. */
  async close(): Promise<void> {
    await this.stop({ drain: false, timeout: 0 })
    await closeQueues(this.#opened)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #watch(): void {
    for (const [name, link] of this.#links) {
      link.status$.subscribe(status => this.#say({ links: { ...this.#status.value.links, [name]: status } }))
      link.done.catch(error => this.#fail(linkFailed(this.name, name, error)))
    }
    Promise.all([...this.#links.values()].map(link => link.done)).then(
      () => {
        // Links that were stopped are done as well.
        if (!this.#failing && !this.#ending) this.#end('done')
      },
      () => {},
    )
  }

  async #stop(drain: boolean, timeout: number): Promise<GraphReport> {
    if (this.#isOver()) return this.#report(await this.#stopLinks(false, 0))
    this.#say({ state: 'stopping' })
    const reports = await this.#stopLinks(drain, timeout)
    if (!this.#failing) this.#end('stopped')
    await this.#failing
    return this.#report(reports)
  }

  /** The first cause is told once everything has let go. */
  #fail(cause: unknown): void {
    if (this.#isOver()) return
    this.#failing ??= this.#stopLinks(false, 0).then(() => this.#end('failed', cause))
  }

  /** Those that something feeds stop by themselves when that has ended; the deadline is the same for all. */
  async #stopLinks(drain: boolean, timeout: number): Promise<Map<string, LinkReport>> {
    const deadline = performance.now() + timeout
    const left = (): number => Math.max(0, deadline - performance.now())
    const stopping = new Map<GraphLink, Promise<LinkReport>>()
    for (const link of this.#graph.links) {
      const feeders = this.#graph.links.filter(({ to }) => to.some(name => link.from.includes(name)))
      const running = this.#links.get(link.name) as QueueLink
      const drains = drain && feeders.length > 0 && link.from.every(name => this.#endsWithItsWriters(name))
      const stop = async (): Promise<LinkReport> => {
        if (drain) await Promise.all(feeders.map(feeder => stopping.get(feeder)))
        if (drains) await within(left(), running.done)
        return running.stop({ drain, timeout: left() })
      }
      stopping.set(link, stop())
    }
    const reports = new Map<string, LinkReport>()
    for (const [{ name }, report] of stopping) reports.set(name, await report)
    return reports
  }

  #endsWithItsWriters(queue: string): boolean {
    return (this.#opened.get(queue)?.isPrivate ?? false) && this.#graph.links.some(({ to }) => to.includes(queue))
  }

  #report(links: ReadonlyMap<string, LinkReport>): GraphReport {
    const left = Object.entries(this.metrics().queues).map(([name, { size }]) => [name, size] as const)
    const forced = [...links.values()].some(report => report.forced)
    return { forced, links: Object.fromEntries(links), left: Object.fromEntries(left) }
  }

  #isOver(): boolean {
    return ['done', 'stopped', 'failed'].includes(this.#status.value.state)
  }

  #say(news: Partial<GraphStatus>): void {
    if (!this.#isOver()) this.#status.next({ ...this.#status.value, ...news })
  }

  #end(state: GraphState, cause?: unknown): void {
    if (this.#isOver()) return
    this.#detach()
    const isSeen = this.#watched || this.#status.observed
    this.#say({ state, ...(state === 'failed' ? { cause } : {}) })
    this.#status.complete()
    if (state !== 'failed') this.#done.resolve()
    else {
      this.#done.reject(cause)
      // As of a link: nobody asked for `done` or the status.
      if (!isSeen) reportUnhandled(cause)
    }
  }
}

function sinceThenAll(then: GraphMetrics | undefined, now: GraphMetrics, seconds: number): GraphMetrics {
  const links = Object.entries(now.links).map(
    ([name, link]) => [name, sinceThen(then?.links[name], link, seconds)] as const,
  )
  return { ...now, links: Object.fromEntries(links) }
}

function levelOf(queue: Queue<unknown>): QueueLevel {
  return { kind: mailboxOf(queue).store.kind, size: queue.size, capacity: queue.capacity }
}

function linkFailed(graph: string, link: string, cause: unknown): GraphError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new GraphError(`link '${link}' of graph '${graph}' failed: ${why}`, 'ERR_GRAPH_LINK', { cause, link })
}
