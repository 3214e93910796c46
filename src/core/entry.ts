import type { Parcel } from './parcel.js'

export type Headers = Readonly<Record<string, string>>

export const NO_HEADERS: Headers = Object.freeze({})

/** What a put may say about an item. */
export interface EntryOptions {
  priority?: number
  delay?: number
  key?: string
  headers?: Record<string, string>
}

/** What few items have. */
interface Extras {
  due: number
  readonly priority: number
  readonly headers: Headers
  readonly key: string | undefined
  parcel: Parcel | undefined
  /** It waits for its time since it was given back, not since it was put. */
  returned: boolean
}

/**
 * Times are kept as ms since the module was loaded: these are small integers, for 24 days, which V8 keeps in the object
 * itself, whereas a full timestamp is an allocation of its own for every item.
 */
const EPOCH = Date.now()

/** An item as its producer hands it to a store, and, in memory, as it is leased. Small, since there is one for every item. */
export class Entry<T> {
  /** How often the item was handed to user code. */
  attempt = 0
  /** The item's place in line; given by the store. */
  seq = 0
  /** True while a consumer holds it. */
  leased = false
  readonly value: T
  /** Encoded size; 0 where nothing is encoded. */
  bytes: number
  readonly #at: number
  #extras: Extras | undefined

  constructor(value: T, enqueuedAt: number, due = 0, priority = 0, headers = NO_HEADERS, key?: string, bytes = 0) {
    this.value = value
    this.bytes = bytes
    this.#at = enqueuedAt - EPOCH
    const plain = due === 0 && priority === 0 && headers === NO_HEADERS && key === undefined
    this.#extras = plain ? undefined : { due, priority, headers, key, parcel: undefined, returned: false }
  }

  get enqueuedAt(): number {
    return this.#at + EPOCH
  }

  /** Clock time in ms from which the item may be taken; 0: at once. */
  get due(): number {
    return this.#extras === undefined ? 0 : this.#extras.due
  }

  set due(due: number) {
    this.#more().due = due
  }

  get returned(): boolean {
    return this.#extras?.returned === true
  }

  /** Held until `due` by somebody who had it. */
  returnUntil(due: number): void {
    this.due = due
    this.#more().returned = true
  }

  get priority(): number {
    return this.#extras === undefined ? 0 : this.#extras.priority
  }

  get headers(): Headers {
    return this.#extras === undefined ? NO_HEADERS : this.#extras.headers
  }

  get key(): string | undefined {
    return this.#extras?.key
  }

  /** Of entries that were sealed together the first has it. */
  get parcel(): Parcel | undefined {
    return this.#extras?.parcel
  }

  set parcel(parcel: Parcel) {
    this.#more().parcel = parcel
  }

  #more(): Extras {
    this.#extras ??= { due: 0, priority: 0, headers: NO_HEADERS, key: undefined, parcel: undefined, returned: false }
    return this.#extras
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
  /** The parcel that the item came in, which another store may adopt; only of what was taken sealed. */
  readonly sealed?: Parcel | undefined
}
