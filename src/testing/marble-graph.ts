import type { OperatorFunction } from 'rxjs'
import type { EachHandler } from '../core/each-delivery.js'
import { reportUnhandled } from '../core/report-unhandled.js'
import type { SyncQueue } from '../core/sync-queue.js'
import { checkGraph } from '../link/graph/check-graph.js'
import type { Declarations, Graph, GraphLink } from '../link/graph/graph.js'
import { memoryQueueOf } from '../link/graph/open-queues.js'
import { type ItemOf, isSpec } from '../link/graph/queue-spec.js'
import type { LinkOptions } from '../link/link-options.js'
import { planOf } from '../link/link-options.js'
import { Mover } from '../link/mover.js'
import { openDestination } from '../link/open-destination.js'
import { openSource } from '../link/open-source.js'
import { isStep, loadHandler, loadOperator } from '../link/step.js'
import { slowPolicy } from '../link/when-slow.js'

/** The queues of a graph in virtual time, by name. */
export interface MarbleGraphRun<Q> {
  readonly queues: { readonly [K in keyof Q]: SyncQueue<ItemOf<Q[K]>> }
}

export interface MarbleGraph<Q> {
  /** Starts a run with queues of its own; to be called inside `runMarbles`. */
  run(): MarbleGraphRun<Q>
}

/**
 * Makes a graph ready for marble tests: loads its steps, which takes real time, so that it can then run in virtual time.
 *
 * Whatever a queue of the graph is elsewhere (shared, on disk, a file, a stream), here it is a queue in this process, of the
 * same order and capacity: a test puts items where they come from, and looks at where they go. Links run in this thread,
 * with as many at work as their `workers` and `concurrency` say together. As always in virtual time, steps answer values
 * or Observables: a promise comes too late, and so does the end of a queue whose last item had to wait for room.
 *
 * @example
 * ```ts
 * import { defineGraph } from 'queuelink'
 * import { marbleGraph, runMarbles } from 'queuelink/testing'
 *
 * const graph = defineGraph({
 *   name: 'shout',
 *   queues: { words: 'words.txt', loud: 'loud.txt' },
 *   links: [{ from: 'words', to: 'loud', each: word => word.toUpperCase(), placement: 'inline' }],
 * })
 * const ready = await marbleGraph(graph)
 *
 * runMarbles(({ cold, expectObservable }) => {
 *   const { queues } = ready.run()
 *   cold('            a-b|').subscribe(queues.words.sink({ closeOnComplete: true }))
 *   const expected = 'A-B|'
 *   expectObservable(queues.loud).toBe(expected)
 * })
 * ```
 */
export async function marbleGraph<Q extends Declarations>(graph: Graph<Q>): Promise<MarbleGraph<Q>> {
  const { queues, links } = checkGraph(graph)
  const loaded: LoadedLink[] = []
  for (const link of links) loaded.push(await load(link))
  return {
    run: () => {
      const made = new Map(
        Object.entries(queues).map(([name, declared]) => {
          const spec = isSpec(declared) ? declared : ({ kind: 'fifo', options: {} } as const)
          return [name, memoryQueueOf(name, spec)] as const
        }),
      )
      const writers = new Map<string, number>()
      for (const name of links.flatMap(({ to }) => to)) writers.set(name, (writers.get(name) ?? 0) + 1)
      for (const link of loaded) start(link, made, writers)
      return { queues: Object.fromEntries(made) } as unknown as MarbleGraphRun<Q>
    },
  }
}

interface LoadedLink extends GraphLink {
  readonly operator: OperatorFunction<unknown, unknown> | undefined
  readonly handler: EachHandler<unknown, unknown> | undefined
}

async function load(link: GraphLink): Promise<LoadedLink> {
  const { through, each } = link
  const operator = isStep(through) ? await loadOperator(through) : through
  const handler = isStep(each) ? await loadHandler(each) : each
  return { ...link, operator: operator as LoadedLink['operator'], handler: handler as LoadedLink['handler'] }
}

function start(
  { name, from, to, operator: through, handler, options }: LoadedLink,
  queues: ReadonlyMap<string, SyncQueue<unknown>>,
  writers: Map<string, number>,
): void {
  const queueOf = (queue: string): SyncQueue<unknown> => queues.get(queue) as SyncQueue<unknown>
  const { workers = 1, concurrency = 1 } = options
  const plan = planOf({ ...options, name, workers: 1, group: undefined, placement: 'inline' } as LinkOptions)
  const mover = new Mover({ ...plan, through, handler, concurrency: workers * concurrency })
  mover.done.catch(reportUnhandled)
  for (const [at, queue] of to.entries()) {
    const opened = openDestination(queueOf(queue), false)
    const complete = async (): Promise<void> => {
      const left = (writers.get(queue) ?? 1) - 1
      writers.set(queue, left)
      if (left === 0) await queueOf(queue).shutdown()
    }
    mover.addDestination(at, { ...opened, complete }, slowPolicy())
  }
  for (const [at, queue] of from.entries()) mover.addSource(to.length + at, () => openSource(queueOf(queue)))
  mover.begin()
}
