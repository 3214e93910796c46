import type { Mailbox } from './mailbox.js'
import type { Queue } from './queue.js'

/** What stands behind a queue, for links, which move leases and not only values. Not part of the public API. */
export function mailboxOf<T>(queue: Queue<T>): Mailbox<T> {
  return (queue as unknown as { readonly mailbox: Mailbox<T> }).mailbox
}

export function isJoinable<T>(queue: Queue<T>): boolean {
  return (queue as unknown as { readonly joining: unknown }).joining !== undefined
}
