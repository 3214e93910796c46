import type { EachHandler } from '../../core/each-delivery.js'
import { Deferred } from '../../util/deferred.js'
import { keyOf } from '../key-of.js'
import type { LinkPlan } from '../link-plan.js'
import { Mover } from '../mover.js'
import type { OpenSource } from '../open-source.js'
import type { EdgeCount, Progress, Removal } from '../protocol.js'
import { isStep, loadHandler, loadOperator } from '../step.js'
import type { Placeable, PlaceableDestination, Runtime, RuntimeEvents, RuntimeStop } from './runtime.js'

/** Runs a link in this thread. */
export class InlineRuntime implements Runtime {
  readonly restarts = 0
  readonly #plan: LinkPlan
  readonly #events: RuntimeEvents
  readonly #done = new Deferred<void>()
  readonly #started = new Deferred<void>()
  #mover: Mover | undefined
  #stopped = false

  constructor(plan: LinkPlan, events: RuntimeEvents) {
    this.#plan = plan
    this.#events = events
    this.#done.promise.catch(() => {})
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  async start(): Promise<void> {
    const { through, each, sources, destinations } = this.#plan
    const operator = isStep(through) ? await loadOperator(through) : through
    const handler = isStep(each) ? await loadHandler(each) : each
    if (this.#stopped) return
    const mover = new Mover({
      ...this.#plan,
      through: operator,
      handler: handler as EachHandler<unknown, unknown> | undefined,
      keyOf: this.#plan.key && keyOf(this.#plan.key),
      onDetached: (id, count) => this.#events.detached(id, count),
    })
    try {
      for (const { id, endpoint, policy } of destinations) mover.addDestination(id, endpoint.open(), policy)
      for (const { id, endpoint } of sources) mover.addSource(id, () => endpoint.open())
      mover.begin()
    } catch (error) {
      mover.fail(error)
    }
    this.#mover = mover
    this.#started.resolve()
    mover.done.then(this.#done.resolve, this.#done.reject)
    this.#events.running({})
  }

  addSource({ id, endpoint }: Placeable<OpenSource>): void {
    this.#mover?.addSource(id, () => endpoint.open())
  }

  addDestination({ id, endpoint, policy }: PlaceableDestination): void {
    this.#mover?.addDestination(id, endpoint.open(), policy)
  }

  registered(): Promise<void> {
    return this.#started.promise
  }

  async removeSource({ id }: Placeable<OpenSource>, o: Removal): Promise<EdgeCount> {
    return (await this.#mover?.removeSource(id, o)) ?? { id, items: 0, settled: 0, bytes: 0 }
  }

  async removeDestination({ id }: PlaceableDestination, o: Removal): Promise<EdgeCount> {
    return (await this.#mover?.removeDestination(id, o)) ?? { id, items: 0, settled: 0, bytes: 0 }
  }

  progress(): Progress {
    return this.#mover?.progress() ?? { sources: [], destinations: [], offsets: [] }
  }

  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    this.#stopped = true
    const { forced, returned } = (await this.#mover?.stop(drain, timeout)) ?? { forced: false, returned: [] }
    return { forced, returned: new Map(returned) }
  }
}
