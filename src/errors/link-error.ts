import { QueueLinkError } from './queue-link-error.js'

/** A link that cannot be built or cannot go on; `code` tells which of the two and why. */
export class LinkError extends QueueLinkError {
  constructor(message: string, code = 'ERR_LINK', options?: { cause?: unknown }) {
    super(message, code, options)
  }
}
