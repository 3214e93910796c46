import { QueueLinkError } from './queue-link-error.js'

/** No room came free in time. */
export class QueueFullError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_QUEUE_FULL', options)
  }
}
