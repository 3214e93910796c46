import { GraphError } from '../../errors/graph-error.js'
import type { QueueLinkError } from '../../errors/queue-link-error.js'
import { destinationEndpoint, isFile, sourceEndpoint } from '../endpoint.js'
import { endOf } from './end-of.js'
import type { Declarations, GraphLink } from './graph.js'
import { isCommon, isSpec } from './queue-spec.js'

/** Refuses what cannot be read or written, the same thing under two names, and files in the middle of a graph. */
export function checkEnds(graph: string, queues: Declarations, links: readonly GraphLink[]): void {
  const seen = new Map<unknown, string>()
  for (const [name, declared] of Object.entries(queues)) {
    const where = `graph '${graph}', queue '${name}'`
    const readers = links.filter(({ from }) => from.includes(name))
    const writers = links.filter(({ to }) => to.includes(name))
    const end = endOf(declared)
    const named = isSpec(declared) && isCommon(declared) ? `${declared.kind} ${declared.at}` : undefined
    const identities =
      end === undefined
        ? [named]
        : [
            ...(readers.length > 0 ? [identityOf(where, () => sourceEndpoint(end))] : []),
            ...(writers.length > 0 ? [identityOf(where, () => destinationEndpoint(end, false))] : []),
          ]
    const [identity] = identities
    const other = identity === undefined ? undefined : seen.get(identity)
    if (other) throw new GraphError(`${where} is the same thing as '${other}'; declare it once`, 'ERR_GRAPH_TWICE')
    if (identity !== undefined) seen.set(identity, name)
    if (!isFile(end)) continue
    if (readers.length > 0 && writers.length > 0) {
      const mend = 'write a queue, and from there the file'
      throw new GraphError(`${where} is a file, and cannot be read while it is written; ${mend}`, 'ERR_GRAPH_ENDPOINT')
    }
    if (writers.length < 2) continue
    const names = writers.map(link => `'${link.name}'`).join(' and ')
    throw new GraphError(`${where} is a file, and written by ${names}; let one link write it`, 'ERR_GRAPH_TWICE')
  }
}

function identityOf(where: string, endpoint: () => { readonly identity: unknown }): unknown {
  try {
    return endpoint().identity
  } catch (cause) {
    throw new GraphError(`${where}: ${(cause as QueueLinkError).message}`, 'ERR_GRAPH_ENDPOINT', { cause })
  }
}
