import type { SpillFolder } from '../../core/spill-folder.js'
import type { Records } from './records.js'
import { TakenParcel } from './taken-parcel.js'

const SCRATCH = 64 * 1024

/**
 * Parcels out of the ring: copied under the lock, since the ring moves on, and decoded when it is free. Who takes item by
 * item copies and decodes a parcel once.
 */
export class ParcelReader<T> {
  readonly #records: Records
  readonly #spill: SpillFolder
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH)
  readonly #words = new Int32Array(this.#scratch.buffer)
  #used = 0
  #copied: TakenParcel<T>[] = []
  #last: TakenParcel<T> | undefined
  /** What is read now stays as it is, until somebody asks for a value. */
  sealed = false

  constructor(records: Records, spill: SpillFolder) {
    this.#records = records
    this.#spill = spill
  }

  /** Under the lock; `open` must follow. */
  at(place: number): TakenParcel<T> {
    const records = this.#records
    const first = records.first(place)
    if (this.#last !== undefined && this.#last.first === first) return this.#last
    const length = records.length(place)
    if (this.sealed) return this.#sealedAt(place, length)
    const fits = this.#used + length + 3 <= SCRATCH
    const bytes = fits ? this.#scratch : Buffer.allocUnsafeSlow(length)
    const start = fits ? this.#used : 0
    const end = records.copyParcel(place, bytes, start, fits ? this.#words : undefined)
    if (fits) this.#used = (end + 3) & ~3
    const parcel = this.#taken(place, bytes, start, end)
    this.#copied.push(parcel)
    return parcel
  }

  #sealedAt(place: number, length: number): TakenParcel<T> {
    const bytes = Buffer.allocUnsafe(length)
    this.#records.copyParcel(place, bytes, 0)
    const parcel = this.#taken(place, bytes, 0, length)
    parcel.seal(this.#records.isFile(place))
    return parcel
  }

  #taken(place: number, bytes: Buffer, start: number, end: number): TakenParcel<T> {
    const records = this.#records
    const first = records.first(place)
    const parcel = new TakenParcel<T>(end - start, records.count(place), first, records.putAt(place), this.#spill)
    parcel.copied(bytes, start, end)
    this.#last = parcel
    return parcel
  }

  /** Decodes what was copied. */
  open(): void {
    this.sealed = false
    if (this.#copied.length === 0) return
    const copied = this.#copied
    this.#copied = []
    this.#used = 0
    for (const parcel of copied) parcel.open()
  }
}
