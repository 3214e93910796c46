import { Sequence } from './codec.js'

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
    const end = this.#sequence.write(value, this.#target, this.#end)
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

  /** Until the next call. */
  bytes(): Uint8Array {
    const target = this.#target
    target[0] = ARRAY32
    target.writeUInt32BE(this.count + 2, 1)
    target[5] = FLOAT64
    target.writeDoubleBE(this.at, 6)
    target[14] = NIL
    return target.subarray(0, this.#end)
  }

  clear(): void {
    if (this.#end > HEADER || this.#broken) this.#sequence.begin()
    this.#end = HEADER
    this.#broken = false
    this.count = 0
  }
}
