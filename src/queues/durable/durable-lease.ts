import type { Entry, Headers, Lease } from '../../core/entry.js'
import { Reference } from '../../core/spill.js'
import type { Place } from './commit.js'
import type { Line } from './ledger.js'
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
  readonly entry: Entry<T>
  readonly bytes: number
  readonly #payloads: Payloads

  constructor(record: LineRecord<T>, index: number, attempt: number, payloads: Payloads) {
    this.seq = record.base + index
    this.line = record.line
    this.first = record.first
    this.index = index
    this.priority = record.head.priority
    this.entry = record.entries[index]!
    this.bytes = record.bytes / record.head.count
    this.attempt = attempt
    this.#payloads = payloads
  }

  /** A payload is read when it is asked for; SpillError if it cannot be. */
  get value(): T {
    return itemOf(this.entry, this.#payloads)
  }

  get enqueuedAt(): number {
    return this.entry.enqueuedAt
  }

  get headers(): Headers {
    return this.entry.headers
  }

  get key(): string | undefined {
    return this.entry.key
  }
}

export function itemOf<T>({ value }: Entry<T>, payloads: Payloads): T {
  return value instanceof Reference ? (payloads.read(value) as T) : value
}
