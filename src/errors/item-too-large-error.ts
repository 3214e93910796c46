import { QueueLinkError } from './queue-link-error.js'

/** The item or batch is larger than the queue could ever hold. */
export class ItemTooLargeError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_ITEM_TOO_LARGE', options)
  }
}
