import { QueueLinkError } from './queue-link-error.js'

/** A queue of that name is there already. */
export class QueueExistsError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_QUEUE_EXISTS', options)
  }
}
