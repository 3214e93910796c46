import type { Headers, Lease } from '../../core/entry.js'
import type { Parcel } from '../../core/parcel.js'
import type { Lent } from './ledger.js'
import type { TakenParcel } from './taken-parcel.js'

export class SharedLease<T> implements Lease<T>, Lent {
  readonly slot: number
  readonly word: number
  attempt: number
  /** Acked or given back by this handle. */
  settled = false
  readonly parcel: TakenParcel<T>
  readonly index: number

  constructor(slot: number, word: number, attempt: number, parcel: TakenParcel<T>, index: number) {
    this.slot = slot
    this.word = word
    this.attempt = attempt
    this.parcel = parcel
    this.index = index
  }

  /** The item's position in the queue, the same for all leases of it. */
  get seq(): number {
    return this.parcel.position(this.slot)
  }

  get value(): T {
    return this.parcel.value(this.index)
  }

  get bytes(): number {
    return this.parcel.itemBytes
  }

  get sealed(): Parcel | undefined {
    return this.parcel.sealed
  }

  get enqueuedAt(): number {
    return this.parcel.enqueuedAt
  }

  get headers(): Headers {
    return this.parcel.headers(this.index)
  }

  get key(): string | undefined {
    return this.parcel.key(this.index)
  }
}
