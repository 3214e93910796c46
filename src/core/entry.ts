export type Headers = Readonly<Record<string, string>>

export const NO_HEADERS: Headers = Object.freeze({})

/** What a put may say about an item. */
export interface EntryOptions {
  priority?: number
  delay?: number
  key?: string
  headers?: Record<string, string>
}

/** An item as its producer hands it to a store, and, in memory, as it is leased. */
export class Entry<T> {
  /** How often the item was handed to user code. */
  attempt = 0
  /** The item's place in line; given by the store. */
  seq = 0
  /** True while a consumer holds it. */
  leased = false
  readonly value: T
  readonly enqueuedAt: number
  /** Clock time in ms from which the item may be taken; 0: at once. */
  due: number
  readonly priority: number
  readonly headers: Headers
  readonly key: string | undefined
  readonly bytes: number

  constructor(value: T, enqueuedAt: number, due = 0, priority = 0, headers = NO_HEADERS, key?: string, bytes = 0) {
    this.value = value
    this.enqueuedAt = enqueuedAt
    this.due = due
    this.priority = priority
    this.headers = headers
    this.key = key
    this.bytes = bytes
  }
}

/** The right of one consumer to settle one hand-over of an item. */
export interface Lease<T> {
  readonly value: T
  readonly seq: number
  attempt: number
  readonly enqueuedAt: number
  readonly headers: Headers
  readonly key: string | undefined
  /** Encoded size; 0 where nothing is encoded. */
  readonly bytes: number
}
