import { Queue } from '../../core/queue.js'
import { GraphError } from '../../errors/graph-error.js'
import { fifoQueue } from '../../queues/memory/fifo-queue.js'
import { lifoQueue } from '../../queues/memory/lifo-queue.js'
import { priorityQueue } from '../../queues/memory/priority-queue.js'
import { endOf } from './end-of.js'
import type { Graph } from './graph.js'
import { isSpec, type QueueSpec } from './queue-spec.js'

/** What a running graph made of a declaration. */
export interface OpenEnd {
  readonly name: string
  /** What a link reads or writes. */
  readonly end: unknown
  /** Absent for files, streams and Observers. */
  readonly queue?: Queue<unknown>
  /** The graph made the queue, for this run: nobody else feeds or reads it unless it was told to. */
  readonly own: boolean
}

/** Opens what a graph declares. Rejects with a GraphError that names the queue, and nothing is left open. */
export async function openQueues({ name: graph, queues }: Graph): Promise<ReadonlyMap<string, OpenEnd>> {
  const opened = new Map<string, OpenEnd>()
  for (const [name, declared] of Object.entries(queues)) {
    try {
      const end = endOf(declared) ?? openSpec(name, declared as QueueSpec)
      const own = isSpec(declared)
      opened.set(name, { name, end, own, ...(end instanceof Queue ? { queue: end } : {}) })
    } catch (cause) {
      await closeQueues(opened)
      const why = (cause as Error).message
      throw new GraphError(`queue '${name}' of graph '${graph}' cannot be opened: ${why}`, 'ERR_GRAPH_OPEN', { cause })
    }
  }
  return opened
}

/** Lets go of what the graph opened, and of nothing that was given to it. */
export async function closeQueues(opened: ReadonlyMap<string, OpenEnd>): Promise<void> {
  await Promise.all([...opened.values()].map(({ own, queue }) => (own ? queue?.close() : undefined)))
}

/** A queue in this process, as a spec describes it. */
export function openSpec(name: string, { kind, options }: QueueSpec): Queue<unknown> {
  if (kind === 'lifo') return lifoQueue({ ...options, name })
  return kind === 'priority' ? priorityQueue({ ...options, name }) : fifoQueue({ ...options, name })
}
