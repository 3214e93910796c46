import type { SpillFolder } from '../../core/spill-folder.js'
import type { Records } from './records.js'
import { TakenParcel } from './taken-parcel.js'

const SCRATCH = 64 * 1024
const NOTHING = Buffer.alloc(0)

/** Where parcels are copied to, by bytes and by fours. */
class Scratch {
  readonly bytes = Buffer.allocUnsafeSlow(SCRATCH)
  readonly words = new Int32Array(this.bytes.buffer)
}

/**
 * Lent to whoever takes, until what was copied is opened. The first is made before any queue is mapped: V8 collects its young
 * objects at once when, beside so much mapped memory, a buffer is made.
 */
const idle = [new Scratch()]

/**
 * Parcels out of the ring: copied under the lock, since the ring moves on, and decoded when it is free. Who takes item by
 * item copies and decodes a parcel once.
 */
export class ParcelReader<T> {
  readonly #records: Records
  readonly #spill: SpillFolder
  #scratch: Scratch | undefined
  #used = 0
  /** Made once and used again, so that nothing is made under the lock. */
  readonly #copies: Copy[] = []
  /** So many of these were not opened yet. */
  #copied = 0
  /** The position of the first item of the last one. */
  #first = -1
  #last: TakenParcel<T> | undefined

  constructor(records: Records, spill: SpillFolder) {
    this.#records = records
    this.#spill = spill
  }

  /** Under the lock: copies a parcel, unless that was the last one. Answers its number among those that `open` answers. */
  copy(place: number, sealed: boolean): number {
    const records = this.#records
    const first = records.first(place)
    if (first === this.#first) return this.#copied
    if (this.#copied === this.#copies.length) this.#copies.push(new Copy())
    this.#scratch ??= idle.pop() ?? new Scratch()
    const { bytes, words } = this.#scratch
    const copy = this.#copies[this.#copied] as Copy
    const length = records.length(place)
    const fits = !sealed && this.#used + length + 3 <= SCRATCH
    copy.bytes = fits ? bytes : Buffer.allocUnsafeSlow(length)
    copy.start = fits ? this.#used : 0
    copy.end = records.copyParcel(place, copy.bytes, copy.start, fits ? words : undefined)
    if (fits) this.#used = (copy.end + 3) & ~3
    copy.count = records.count(place)
    copy.first = first
    copy.at = records.putAt(place)
    copy.isFile = records.isFile(place)
    this.#first = first
    return ++this.#copied
  }

  /** What was copied, behind the last one of before. `sealed`: each stays as it is until somebody asks for a value. */
  open(sealed: boolean): readonly (TakenParcel<T> | undefined)[] {
    const parcels = [this.#last]
    for (let number = 0; number < this.#copied; number++) {
      const copy = this.#copies[number] as Copy
      const length = copy.end - copy.start
      const parcel = new TakenParcel<T>(length, copy.count, copy.first, copy.at, this.#records.slots, this.#spill)
      parcel.copied(copy.bytes, copy.start, copy.end)
      if (sealed) parcel.seal(copy.isFile)
      else parcel.open()
      copy.bytes = NOTHING
      parcels.push(parcel)
    }
    if (this.#scratch) idle.push(this.#scratch)
    this.#scratch = undefined
    this.#last = parcels[this.#copied]
    this.#copied = 0
    this.#used = 0
    return parcels
  }
}

/** Where it was copied to, and what its record says of it. */
class Copy {
  bytes = NOTHING
  start = 0
  end = 0
  count = 0
  first = 0
  at = 0
  isFile = false
}
