import { QueueLinkError } from './queue-link-error.js'

/** A value cannot be encoded, or bytes cannot be decoded. */
export class CodecError extends QueueLinkError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, 'ERR_CODEC', options)
  }
}
