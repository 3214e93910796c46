import { QueueLinkError } from './queue-link-error.js'

/** The queue was shut down, or this handle was closed. */
export class QueueClosedError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_QUEUE_CLOSED', options)
  }
}
