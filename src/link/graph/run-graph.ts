import { randomUUID } from 'node:crypto'
import { GraphError } from '../../errors/graph-error.js'
import type { LinkOptions } from '../link-options.js'
import { QueueLink } from '../queue-link.js'
import { checkGraph } from './check-graph.js'
import type { Declarations, Graph, GraphLink } from './graph.js'
import { closeQueues, type OpenEnd, openQueues } from './open-queues.js'
import { RunningGraph } from './running-graph.js'

export interface RunOptions {
  /** Lets go of everything at once when it aborts; `done` then rejects with its reason. */
  signal?: AbortSignal
  /** Milliseconds between two emissions of `metrics$`. 1,000. */
  metricsInterval?: number
}

/**
 * Opens the queues of a graph and starts its links. Rejects with a GraphError, and nothing open, where that cannot be.
 *
 * The graph is done when all its links are: a queue that links write ends for its readers once all of these are done and
 * it is empty. If a link fails, the others let go, and `done` rejects with what failed first.
 *
 * @example
 * ```ts
 * import { defineGraph, fifo, runGraph } from 'queuelink'
 *
 * const graph = defineGraph({
 *   name: 'squares',
 *   queues: { numbers: fifo<number>(), squares: fifo<number>({ capacity: 10 }), file: 'squares.txt' },
 *   links: [
 *     { from: 'numbers', to: 'squares', each: n => n * n },
 *     { from: 'squares', to: 'file', each: n => `${n}` },
 *   ],
 * })
 *
 * const { queues, done } = await runGraph(graph)
 * await queues.numbers.putBatch([1, 2, 3])
 * await queues.numbers.shutdown()
 * await done // squares.txt holds 1, 4 and 9
 * ```
 */
export async function runGraph<Q extends Declarations>(
  graph: Graph<Q>,
  { signal, metricsInterval }: RunOptions = {},
): Promise<RunningGraph<Q>> {
  signal?.throwIfAborted()
  const checked = checkGraph(graph) as Graph<Q>
  const opened = await openQueues(checked)
  const links = new Map<string, QueueLink>()
  const run = randomUUID()
  // Of this run: another one of the same graph has children of its own.
  const groupOf = ({ options: { group } }: GraphLink): Pick<LinkOptions, 'group'> => {
    return group === undefined ? {} : { group: `${checked.name}/${group}/${run}` }
  }
  try {
    signal?.throwIfAborted()
    for (const link of checked.links)
      links.set(link.name, new QueueLink({ ...link.options, ...stepsOf(link), ...groupOf(link), name: link.name }))
    // Nothing moves before this turn is over: by then all are connected.
    for (const { name, from, to } of checked.links)
      connect(checked.name, links.get(name) as QueueLink, from, to, opened)
  } catch (error) {
    await Promise.all([...links.values()].map(link => link.close()))
    await closeQueues(opened)
    throw error
  }
  return new RunningGraph(checked, links, opened, { signal, metricsInterval })
}

function stepsOf({ through, each }: Pick<LinkOptions, 'through' | 'each'>): Pick<LinkOptions, 'through' | 'each'> {
  return { ...(through ? { through } : {}), ...(each ? { each } : {}) }
}

function connect(
  graph: string,
  link: QueueLink,
  from: readonly string[],
  to: readonly string[],
  opened: ReadonlyMap<string, OpenEnd>,
): void {
  try {
    for (const name of from) link.read(opened.get(name)?.end as never)
    for (const name of to) link.write(opened.get(name)?.end as never)
  } catch (cause) {
    const why = `link '${link.name}' of graph '${graph}' cannot be made: ${(cause as Error).message}`
    throw new GraphError(why, 'ERR_GRAPH_OPEN', { cause, link: link.name })
  }
}
