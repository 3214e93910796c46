import { HEAD_BYTES, writeHead } from './parcel-head.js'
import { Sequence } from './sequence.js'

/** A parcel that grows value by value; what is added is encoded at once. */
export class ParcelBuilder {
  readonly #target: Buffer
  /** The same by fours. */
  readonly words: Int32Array
  readonly #sequence = new Sequence()
  #end = HEAD_BYTES
  #before = HEAD_BYTES
  /** What came last was taken out again, and may have defined records: nothing more can be added. */
  #broken = false
  /** What the head says. */
  #headCount = -1
  #headAt = 0
  count = 0
  /** When its first value was put. */
  at = 0

  constructor(limit: number) {
    this.#target = Buffer.allocUnsafeSlow(limit)
    this.words = new Int32Array(this.#target.buffer, 0, limit >> 2)
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
    if (this.count !== this.#headCount || this.at !== this.#headAt) {
      this.#headCount = this.count
      this.#headAt = this.at
      writeHead(this.#target, this.count, this.at)
    }
    return this.#target
  }

  clear(): void {
    this.#end = HEAD_BYTES
    this.#broken = false
    this.count = 0
  }
}
