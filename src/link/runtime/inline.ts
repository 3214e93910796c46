import { eachDelivery } from '../../core/each-delivery.js'
import { Deferred } from '../../util/deferred.js'
import type { LinkPlan } from '../link-plan.js'
import { Mover } from '../mover.js'
import type { OpenDestination } from '../open-destination.js'
import type { OpenSource } from '../open-source.js'
import type { Progress } from '../protocol.js'
import { isStep, loadHandler, loadOperator } from '../step.js'
import type { Placeable, Runtime, RuntimeStop } from './runtime.js'

/** Runs a link in this thread. */
export class InlineRuntime implements Runtime {
  readonly restarts = 0
  readonly #plan: LinkPlan
  readonly #done = new Deferred<void>()
  #mover: Mover | undefined
  #stopped = false

  constructor(plan: LinkPlan) {
    this.#plan = plan
    this.#done.promise.catch(() => {})
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  async start(): Promise<void> {
    const { through, each, concurrency, prefetch, atMostOnce, sources, destinations } = this.#plan
    const operator = isStep(through) ? await loadOperator(through) : through
    const handler = isStep(each) ? await loadHandler(each) : each
    if (this.#stopped) return
    const mover = new Mover({
      through: operator,
      each: handler && eachDelivery(handler as never, concurrency),
      prefetch,
      atMostOnce,
    })
    try {
      for (const { id, endpoint } of destinations) mover.addDestination(id, endpoint.open())
      for (const { id, endpoint } of sources) mover.addSource(id, () => endpoint.open())
    } catch (error) {
      mover.fail(error)
    }
    this.#mover = mover
    mover.done.then(this.#done.resolve, this.#done.reject)
  }

  addSource({ id, endpoint }: Placeable<OpenSource>): void {
    this.#mover?.addSource(id, () => endpoint.open())
  }

  addDestination({ id, endpoint }: Placeable<OpenDestination>): void {
    this.#mover?.addDestination(id, endpoint.open())
  }

  progress(): Progress {
    return this.#mover?.progress() ?? { sources: [], destinations: [], offsets: [] }
  }

  async stop(drain: boolean, timeout: number): Promise<RuntimeStop> {
    this.#stopped = true
    const { forced, returned } = (await this.#mover?.stop(drain, timeout)) ?? { forced: false, returned: [] }
    return { forced, returned: returned.reduce((sum, [, count]) => sum + count, 0) }
  }
}
