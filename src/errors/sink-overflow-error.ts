import { QueueLinkError } from './queue-link-error.js'

/** A source without backpressure outran a full sink. */
export class SinkOverflowError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_SINK_OVERFLOW', options)
  }
}
