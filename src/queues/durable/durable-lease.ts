import type { Entry, Headers, Lease } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import { Reference } from '../../core/spill.js'
import type { Place } from './commit.js'
import { DELAYED, type Line } from './ledger.js'
import type { LineRecord } from './line-reader.js'
import type { Payloads } from './payloads.js'

/** An item of the data file that this handle holds. */
export class DurableLease<T> implements Lease<T>, Place {
  attempt: number
  readonly seq: number
  readonly line: Line
  readonly first: number
  readonly index: number
  readonly priority: number
  readonly #record: LineRecord<T>
  readonly bytes: number
  readonly #payloads: Payloads

  constructor(record: LineRecord<T>, index: number, attempt: number, payloads: Payloads) {
    this.seq = record.base + index
    this.line = record.line
    this.first = record.first
    this.index = index
    this.priority = record.head.priority
    this.#record = record
    this.bytes = record.bytes / record.head.count
    this.attempt = attempt
    this.#payloads = payloads
  }

  /** Undefined where the parcel was not opened. */
  get entry(): Entry<T> | undefined {
    return this.#record.opened?.[this.index]
  }

  get item(): Entry<T> {
    return this.#record.entries[this.index]!
  }

  /** A payload is read when it is asked for; SpillError if it cannot be. */
  get value(): T {
    return itemOf(this.item, this.#payloads)
  }

  get sealed(): Parcel | undefined {
    return this.#record.sealed
  }

  get enqueuedAt(): number {
    // In line since it was put, unless it was delayed.
    return this.line === DELAYED ? this.item.enqueuedAt : this.#record.head.place
  }

  get headers(): Headers {
    return this.item.headers
  }

  get key(): string | undefined {
    return this.item.key
  }
}

export function itemOf<T>({ value }: Entry<T>, payloads: Payloads): T {
  return value instanceof Reference ? (payloads.read(value) as T) : value
}
