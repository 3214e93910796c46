import { QueueLinkError } from './queue-link-error.js'

/** No queue of that name is there. */
export class QueueNotFoundError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_QUEUE_NOT_FOUND', options)
  }
}
