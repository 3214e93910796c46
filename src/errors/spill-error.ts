import { QueueLinkError } from './queue-link-error.js'

/** A spilled payload could not be written, found or trusted. */
export class SpillError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_SPILL', options)
  }
}
