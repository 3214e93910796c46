import { QueueLinkError } from './queue-link-error.js'

/** Waiting here could never end. */
export class DeadlockError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_DEADLOCK', options)
  }
}
