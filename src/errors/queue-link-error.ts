/** Base of every error that this package makes: `code` is stable, `cause` is what led to it. */
export class QueueLinkError extends Error {
  readonly code: string

  constructor(message: string, code = 'ERR_QUEUELINK', options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}
