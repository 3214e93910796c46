import { LinkError } from '../errors/link-error.js'
import type { DestinationEndpoint, SourceEndpoint } from './endpoint.js'
import type { LinkOptions, OperatorLinkOptions } from './link-options.js'
import { QueueLink } from './queue-link.js'

/**
 * Links sources to destinations: every item of every source reaches every destination. Throws a LinkError, with nothing
 * opened, for an empty list, the same endpoint twice, a circle, and what cannot be read or written.
 *
 * @example
 * ```ts
 * import { fifoQueue, link } from 'queuelink'
 *
 * const words = fifoQueue<string>()
 * const linked = link(words, 'words.txt', { each: word => word.toUpperCase() })
 * await words.put('hello')
 * await words.shutdown()
 * await linked.done // words.txt holds HELLO
 * ```
 */
export function link<S = string, D = unknown, E = S>(
  source: SourceEndpoint<S> | readonly SourceEndpoint<S>[],
  destination: DestinationEndpoint<D> | readonly DestinationEndpoint<D>[],
  o?: LinkOptions<S, E>,
): QueueLink
export function link<S = string, D = unknown, E = S>(
  source: SourceEndpoint<S> | readonly SourceEndpoint<S>[],
  destination: DestinationEndpoint<D> | readonly DestinationEndpoint<D>[],
  o: OperatorLinkOptions<S, E>,
): QueueLink
export function link(source: unknown, destination: unknown, o: LinkOptions | OperatorLinkOptions = {}): QueueLink {
  const made = new QueueLink(o)
  try {
    for (const one of list(source, 'source')) made.read(one as SourceEndpoint<unknown>)
    for (const one of list(destination, 'destination')) made.write(one as DestinationEndpoint<unknown>)
    return made
  } catch (error) {
    void made.close()
    throw error
  }
}

function list<E>(ends: E | readonly E[], role: string): readonly E[] {
  const all = Array.isArray(ends) ? (ends as readonly E[]) : [ends as E]
  if (all.length === 0) throw new LinkError(`a link needs a ${role}; the list is empty`, 'ERR_LINK_EMPTY')
  return all
}
