import { QueueLinkError } from './queue-link-error.js'

/** No item came in time. */
export class QueueEmptyError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_QUEUE_EMPTY', options)
  }
}
