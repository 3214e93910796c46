import { decode } from '../../core/codec.js'
import type { Headers, Lease } from '../../core/entry.js'
import { OpenParcel } from '../../core/parcel-codec.js'
import { Reference } from '../../core/spill.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import type { Grant, Lent } from './ledger.js'

/** A parcel that was copied out of the ring, decoded when the first of its values is asked for. */
export class TakenParcel<T> {
  readonly bytes: Buffer
  readonly count: number
  /** Of its first item: no two parcels of a queue have the same. */
  readonly first: number
  readonly #spill: SpillFolder
  #open: OpenParcel<T | Reference> | undefined

  constructor(bytes: Buffer, count: number, first: number, spill: SpillFolder) {
    this.bytes = bytes
    this.count = count
    this.first = first
    this.#spill = spill
  }

  get open(): OpenParcel<T | Reference> {
    this.#open ??= new OpenParcel(this.bytes)
    return this.#open
  }

  value(index: number): T {
    const value = this.open.value(index)
    return value instanceof Reference ? (decode(this.#spill.read(value)) as T) : value
  }

  /** The item has left the queue: what lay beside the queue for it goes as well. */
  done(): void {
    if (this.count > 1) return
    const value = this.open.value(0)
    if (value instanceof Reference) this.#spill.drop(value)
  }
}

export class SharedLease<T> implements Lease<T>, Lent {
  readonly slot: number
  readonly word: number
  readonly seq: number
  attempt: number
  /** Acked or given back by this handle. */
  settled = false
  readonly parcel: TakenParcel<T>
  readonly index: number

  constructor(grant: Grant, parcel: TakenParcel<T>) {
    this.slot = grant.slot
    this.word = grant.word
    this.seq = grant.position
    this.attempt = grant.attempt
    this.index = grant.index
    this.parcel = parcel
  }

  get value(): T {
    return this.parcel.value(this.index)
  }

  get bytes(): number {
    return this.parcel.bytes.length / this.parcel.count
  }

  get enqueuedAt(): number {
    return this.parcel.open.enqueuedAt
  }

  get headers(): Headers {
    return this.parcel.open.headers(this.index)
  }

  get key(): string | undefined {
    return this.parcel.open.key(this.index)
  }
}
