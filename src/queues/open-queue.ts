import type { CommonOptions } from '../core/options.js'
import type { QueueDescriptor } from '../core/origin.js'
import type { Queue } from '../core/queue.js'
import { optionError } from '../errors/option-error.js'

/** What a handle decides for itself about items that fail. */
export type OpenQueueOptions<T> = Pick<CommonOptions<T>, 'maxAttempts' | 'deadLetter'>

type Opener = <T>(descriptor: QueueDescriptor, o: OpenQueueOptions<T>) => Promise<Queue<T>>

/** Loaded when first needed: what one kind stands on, the others need not pay for. */
const OPENERS: Readonly<Record<string, () => Promise<Opener>>> = {
  shared: async () => (await import('./shared/shared-queue.js')).openSharedQueue,
  durable: async () => (await import('./durable/durable-queue.js')).openDurableQueue,
  hosted: async () => (await import('./socket/connect-queue.js')).openHosted,
}

/**
 * Opens the queue that a descriptor names: the answer of `queue.descriptor()`, carried here from another process in
 * whatever way. What becomes of items that fail (`maxAttempts`, `deadLetter`) each handle says for itself. Rejects with
 * QueueNotFoundError if the queue is gone.
 */
export async function openQueue<T>(descriptor: QueueDescriptor, o: OpenQueueOptions<T> = {}): Promise<Queue<T>> {
  const kind: unknown = descriptor?.kind
  const load = typeof kind === 'string' && Object.hasOwn(OPENERS, kind) ? OPENERS[kind] : undefined
  if (!load) throw optionError('descriptor', `what queue.descriptor() answers, of kind ${kinds()}`, descriptor)
  const open = await load()
  return open<T>(descriptor, o)
}

function kinds(): string {
  return Object.keys(OPENERS).join(', ')
}
