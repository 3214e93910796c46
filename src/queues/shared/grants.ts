import type { SpillFolder } from '../../core/spill-folder.js'
import type { Grantee, Ledger } from './ledger.js'
import { ParcelReader } from './parcel-reader.js'
import { SharedLease } from './shared-lease.js'
import type { TakenParcel } from './taken-parcel.js'

/** What a take was granted: two numbers each, as long as it holds the lock, so that it holds it briefly; then leases. */
export class Grants<T> implements Grantee {
  readonly #ledger: Ledger
  readonly #parcels: ParcelReader<T>
  /** Of each its slot, and the number of its parcel. */
  #numbers = new Int32Array(1024)
  #used = 0
  #sealed = false
  /** Where the last parcel is, and its number. */
  #place = -1
  #number = 0

  constructor(ledger: Ledger, spill: SpillFolder) {
    this.#ledger = ledger
    this.#parcels = new ParcelReader(ledger.records, spill)
  }

  /** Under the lock, before a take. `sealed`: no parcel is decoded before somebody asks for a value. */
  begin(sealed: boolean): this {
    this.#used = 0
    this.#sealed = sealed
    this.#place = -1
    return this
  }

  granted(slot: number, place: number): void {
    if (place !== this.#place) {
      this.#number = this.#parcels.copy(place, this.#sealed)
      this.#place = place
    }
    if (this.#used === this.#numbers.length) this.#grow()
    this.#numbers[this.#used++] = slot
    this.#numbers[this.#used++] = this.#number
  }

  /** When the lock is free: adds the leases to these. What descriptors say of leased items, nobody else changes. */
  addTo(leases: SharedLease<T>[]): void {
    const parcels = this.#parcels.open(this.#sealed)
    const { views } = this.#ledger
    const { ints } = views
    const numbers = this.#numbers
    for (let at = 0; at < this.#used; at += 2) {
      const slot = numbers[at] as number
      const parcel = parcels[numbers[at + 1] as number] as TakenParcel<T>
      const word = views.slotAt(slot)
      leases.push(
        new SharedLease(slot, ints[word] as number, ints[word + 3] as number, parcel, ints[word + 2] as number),
      )
    }
  }

  /** Under the lock, without a lease; answers what reads the value when it is free. */
  look(place: number, index: number): () => T {
    const number = this.#parcels.copy(place, false)
    return () => (this.#parcels.open(false)[number] as TakenParcel<T>).value(index)
  }

  #grow(): void {
    const numbers = new Int32Array(2 * this.#numbers.length)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}
