import type { SpillFolder } from '../../core/spill-folder.js'
import type { Grantee, Ledger } from './ledger.js'
import { ParcelReader } from './parcel-reader.js'
import { SharedLease } from './shared-lease.js'
import type { TakenParcel } from './taken-parcel.js'
import { Words } from './words.js'

const NOTHING = { items: [] as readonly unknown[], first: 0 }

/** What a take was granted: two numbers each, as long as it holds the lock, so that it holds it briefly; then leases. */
export class Grants<T> implements Grantee {
  readonly #ledger: Ledger
  readonly #parcels: ParcelReader<T>
  /** Of each its slot, and the number of its parcel. */
  readonly #numbers = new Words()
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
    this.#numbers.length = 0
    this.#sealed = sealed
    this.#place = -1
    return this
  }

  granted(slot: number, place: number): void {
    if (place !== this.#place) {
      this.#number = this.#parcels.copy(place, this.#sealed)
      this.#place = place
    }
    this.#numbers.pair(slot, this.#number)
  }

  /** When the lock is free; `addTo` or `handOver` follows. What descriptors say of leased items, nobody else changes. */
  open(): void {
    this.#opened = this.#parcels.open(this.#sealed)
  }

  /** Adds the leases to these. */
  addTo(leases: SharedLease<T>[]): void {
    const { views } = this.#ledger
    const { ints } = views
    const { list, length } = this.#numbers
    for (let grant = 0; grant < length; grant += 2) {
      const slot = list[grant] as number
      const parcel = this.#opened[list[grant + 1] as number] as TakenParcel<T>
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
  handOver(settled: Words): T[] {
    const { views } = this.#ledger
    const { ints } = views
    const { list, length } = this.#numbers
    const values = new Array<T>(length / 2)
    settled.reserve(length)
    const words = settled.list
    let end = settled.length
    let last = -1
    let { items, first } = NOTHING
    for (let grant = 0; grant < length; grant += 2) {
      const slot = list[grant] as number
      const number = list[grant + 1] as number
      if (number !== last) {
        ;({ items, first } = (this.#opened[number] as TakenParcel<T>).plain)
        last = number
      }
      const at = views.slotAt(slot)
      ints[at + 3]!++
      values[grant >> 1] = items[first + (ints[at + 2] as number)] as T
      words[end++] = slot
      words[end++] = ints[at] as number
    }
    settled.length = end
    this.#opened = []
    return values
  }

  /** Under the lock, without a lease; answers what reads the value when it is free. */
  look(place: number, index: number): () => T {
    const number = this.#parcels.copy(place, false)
    return () => (this.#parcels.open(false)[number] as TakenParcel<T>).value(index)
  }
}
