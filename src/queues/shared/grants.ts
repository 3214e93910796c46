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
  readonly #numbers: number[] = []
  #used = 0
  #sealed = false
  /** Where the last parcel is, and its number. */
  #place = -1
  #number = 0
  #opened: readonly (TakenParcel<T> | undefined)[] = []

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
    this.#numbers[this.#used++] = slot
    this.#numbers[this.#used++] = this.#number
  }

  /** When the lock is free; `addTo` or `handOver` follows. What descriptors say of leased items, nobody else changes. */
  open(): void {
    this.#opened = this.#parcels.open(this.#sealed)
  }

  /** Adds the leases to these. */
  addTo(leases: SharedLease<T>[]): void {
    const { views } = this.#ledger
    const { ints } = views
    const numbers = this.#numbers
    for (let grant = 0; grant < this.#used; grant += 2) {
      const slot = numbers[grant] as number
      const parcel = this.#opened[numbers[grant + 1] as number] as TakenParcel<T>
      const at = views.slotAt(slot)
      leases.push(new SharedLease(slot, ints[at] as number, ints[at + 3] as number, parcel, ints[at + 2] as number))
    }
    this.#opened = []
  }

  /** All can be handed over without a lease: none has a file, and none is damaged. */
  get arePlain(): boolean {
    return this.#opened.every(parcel => parcel === undefined || parcel.isPlain)
  }

  /** Answers the values and counts their hand-over; adds slot and word of each to what is to be settled. */
  handOver(settled: number[]): T[] {
    const { views } = this.#ledger
    const { ints } = views
    const numbers = this.#numbers
    const values: T[] = []
    for (let grant = 0; grant < this.#used; grant += 2) {
      const slot = numbers[grant] as number
      const at = views.slotAt(slot)
      ints[at + 3]!++
      values.push((this.#opened[numbers[grant + 1] as number] as TakenParcel<T>).value(ints[at + 2] as number))
      settled.push(slot, ints[at] as number)
    }
    this.#opened = []
    return values
  }

  /** Under the lock, without a lease; answers what reads the value when it is free. */
  look(place: number, index: number): () => T {
    const number = this.#parcels.copy(place, false)
    return () => (this.#parcels.open(false)[number] as TakenParcel<T>).value(index)
  }
}
