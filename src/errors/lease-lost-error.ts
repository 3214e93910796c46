import { QueueLinkError } from './queue-link-error.js'

/** The delivery was settled before, or its lease has passed on; nothing was changed. */
export class LeaseLostError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_LEASE_LOST', options)
  }
}
