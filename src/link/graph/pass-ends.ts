import { mailboxOf } from '../../core/mailbox-of.js'
import type { QueueLink } from '../queue-link.js'
import type { Graph } from './graph.js'
import type { OpenEnd } from './open-queues.js'

/**
 * Lets the end of links reach those that they feed. A queue that the graph made for this run is shut down when all that
 * write it are done. One that others may open is theirs as well: its readers stop once it is empty.
 */
export function passEnds(
  { links }: Graph,
  running: ReadonlyMap<string, QueueLink>,
  opened: ReadonlyMap<string, OpenEnd>,
): void {
  const ended = new Map<string, Promise<void>>()
  for (const { name, queue, isPrivate } of opened.values()) {
    const writers = links.filter(({ to }) => to.includes(name))
    if (writers.length === 0 || !queue) continue
    const written = Promise.all(writers.map(link => running.get(link.name)?.done))
    ended.set(
      name,
      written.then(async () => {
        if (isPrivate) await queue.shutdown()
        else
          await new Promise<void>(resolve => {
            const mailbox = mailboxOf(queue)
            mailbox.when(() => mailbox.idle, resolve)
          })
      }),
    )
  }
  const isShared = (name: string): boolean => opened.get(name)?.isPrivate === false
  for (const { name, from } of links.filter(link => link.from.some(isShared))) {
    if (from.every(source => ended.has(source))) {
      Promise.all(from.map(source => ended.get(source))).then(
        () => running.get(name)?.stop(),
        () => {},
      )
    }
  }
  // A link that failed is told elsewhere.
  for (const end of ended.values()) end.catch(() => {})
}
