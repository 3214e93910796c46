import type { Headers } from '../../core/entry.js'

/** An item of a durable queue, and what it was put with. */
export interface StoredItem<T> {
  readonly value: T
  readonly priority: number
  /** Milliseconds that it has still to wait; 0: none. */
  readonly delay: number
  readonly key: string | undefined
  readonly headers: Headers
  /** When it was put, in ms since 1970. */
  readonly enqueuedAt: number
}
