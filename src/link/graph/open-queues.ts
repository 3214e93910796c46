import { Queue } from '../../core/queue.js'
import type { SyncQueue } from '../../core/sync-queue.js'
import { GraphError } from '../../errors/graph-error.js'
import { fifoQueue } from '../../queues/memory/fifo-queue.js'
import { lifoQueue } from '../../queues/memory/lifo-queue.js'
import { priorityQueue } from '../../queues/memory/priority-queue.js'
import type { ConnectOptions } from '../../queues/socket/connect-queue.js'
import { endOf } from './end-of.js'
import type { Graph } from './graph.js'
import { isCommon, isSpec, type QueueSpec } from './queue-spec.js'

/** What a running graph made of a declaration. */
export interface OpenEnd {
  readonly name: string
  /** What a link reads or writes. */
  readonly end: unknown
  /** Absent for files, streams and Observers. */
  readonly queue?: Queue<unknown>
  /** The graph has opened the queue, and closes it. */
  readonly isOpened: boolean
  /** The queue is there for this run only: it ends with the links that write it. */
  readonly isPrivate: boolean
}

/** Opens what a graph declares. Rejects with a GraphError that names the queue, and nothing is left open. */
export async function openQueues({ name: graph, queues }: Graph): Promise<ReadonlyMap<string, OpenEnd>> {
  const opened = new Map<string, OpenEnd>()
  for (const [name, declared] of Object.entries(queues)) {
    try {
      const end = endOf(declared) ?? (await openSpec(name, declared as QueueSpec))
      const isOpened = isSpec(declared)
      const isPrivate = isOpened && !isCommon(declared)
      opened.set(name, { name, end, isOpened, isPrivate, ...(end instanceof Queue ? { queue: end } : {}) })
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
  await Promise.all([...opened.values()].map(({ isOpened, queue }) => (isOpened ? queue?.close() : undefined)))
}

/** What a kind stands on is loaded when a graph has a queue of it. */
async function openSpec(name: string, spec: QueueSpec): Promise<Queue<unknown>> {
  const { kind, at } = spec
  const options = { ...spec.options, name }
  switch (kind) {
    case 'shared':
      return (await import('../../queues/shared/shared-queue.js')).sharedQueue(at as string, options)
    case 'durable':
      return (await import('../../queues/durable/durable-queue.js')).durableQueue(at as string | URL, options)
    case 'hosted':
      return (await import('../../queues/socket/connect-queue.js')).connectQueue(
        at as string,
        options as ConnectOptions<unknown>,
      )
    default:
      return memoryQueueOf(name, spec)
  }
}

/** A queue in this process, as a spec describes it; of a kind that others can open, one that is like it. */
export function memoryQueueOf(name: string, { kind, options }: QueueSpec): SyncQueue<unknown> {
  if (kind === 'lifo') return lifoQueue({ ...options, name })
  return kind === 'priority' ? priorityQueue({ ...options, name }) : fifoQueue({ ...options, name })
}
