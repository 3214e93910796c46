import { QueueLinkError } from './queue-link-error.js'

/** A graph that cannot be defined, opened or go on: the message names the queue or the link, `code` what is wrong with it. */
export class GraphError extends QueueLinkError {
  /** The link concerned, by name. */
  readonly link: string | undefined

  constructor(message: string, code = 'ERR_GRAPH', options: { cause?: unknown; link?: string } = {}) {
    const { link, ...rest } = options
    super(message, code, rest)
    this.link = link
  }
}
