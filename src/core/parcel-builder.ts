import { Sequence } from './sequence.js'

/** `[enqueuedAt, null, …` as packParcel writes it, but for the count, which comes last and takes four bytes. */
const HEADER = 15
const ARRAY32 = 0xdd
const FLOAT64 = 0xcb
const NIL = 0xc0

/** A parcel that grows value by value; what is added is encoded at once. */
export class ParcelBuilder {
  readonly #target: Buffer
  readonly #sequence = new Sequence()
  #end = HEADER
  #before = HEADER
  /** What came last was taken out again, and may have defined records: nothing more can be added. */
  #broken = false
  count = 0
  /** When its first value was put. */
  at = 0

  constructor(limit: number) {
    this.#target = Buffer.allocUnsafe(limit)
  }

  get length(): number {
    return this.#end
  }

  /** Bytes of the last value. */
  get lastBytes(): number {
    return this.#end - this.#before
  }

  /** False: there is no room for it. Throws CodecError. Either way what was added before stays. */
  add(value: unknown, at: number): boolean {
    if (this.#broken) return false
    if (this.count === 0) this.at = at
    this.#broken = true
    const end = this.#sequence.write(value, this.#target, this.#end, this.count)
    if (end < 0) return false
    this.#broken = false
    this.#before = this.#end
    this.#end = end
    this.count++
    return true
  }

  /** Takes the last value out again. */
  drop(): void {
    this.#end = this.#before
    this.count--
    this.#broken = true
  }

  /** With its head written; `length` bytes of it, until the next call. */
  bytes(): Buffer {
    const target = this.#target
    const count = this.count + 2
    target[0] = ARRAY32
    target[1] = 0
    target[2] = 0
    target[3] = count >> 8
    target[4] = count
    target[5] = FLOAT64
    target.writeDoubleBE(this.at, 6)
    target[14] = NIL
    return target
  }

  clear(): void {
    this.#end = HEADER
    this.#broken = false
    this.count = 0
  }
}
