import { Mailbox } from '../../core/mailbox.js'
import { MemoryStore } from '../../core/memory-store.js'
import { type CommonOptions, checkCount } from '../../core/options.js'
import type { Shelf } from '../../core/shelf.js'
import { SyncQueue } from '../../core/sync-queue.js'

let made = 0

/** What all queues in this process are made of; they differ in the order of their shelf. */
export function memoryQueue<T>(kind: string, shelf: Shelf<T>, o: CommonOptions<T>): SyncQueue<T> {
  const capacity = checkCount('capacity', o.capacity, Number.POSITIVE_INFINITY)
  const maxAttempts = checkCount('maxAttempts', o.maxAttempts, 16)
  const name = o.name ?? `${kind}-${++made}`
  const mailbox = new Mailbox(new MemoryStore(kind, shelf, capacity), { ...o, name, maxAttempts })
  return new SyncQueue(mailbox, o.joinable ?? false)
}
