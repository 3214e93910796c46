import { Entry } from '../core/entry.js'
import type { Gate } from '../core/inlet.js'
import { packParcel } from '../core/parcel-codec.js'
import { PutLine } from '../core/put-line.js'
import type { Intake } from '../core/store.js'
import { ItemTooLargeError } from '../errors/item-too-large-error.js'
import { timestamp } from '../util/clock.js'

/** Items, and encoded bytes besides one item, that the other end may have and not have settled. */
const ITEMS = 1024
const BYTES = 8 * 1024 * 1024

/** The way to the other end of a connection: an item is stored when a reader there has settled it. */
export class Sending<T> implements Gate<T>, Intake<T> {
  readonly name = 'connection'
  readonly line = new PutLine<T>(this)
  readonly shut = false
  ticket = 0
  readonly #limit: number
  readonly #send: (parcel: Uint8Array) => void
  /** The bytes of what is out, by its number. */
  readonly #out = new Map<number, number>()
  #bytes = 0
  #ended: Error | undefined

  /** `limit`: encoded bytes of an item, at most. */
  constructor(limit: number, send: (parcel: Uint8Array) => void) {
    this.#limit = limit
    this.#send = send
  }

  get length(): number {
    return this.#out.size + this.line.length
  }

  assertOpen(): void {
    if (this.#ended) throw this.#ended
  }

  entry(value: T): Entry<T> {
    const entry = new Entry(value, timestamp())
    const parcel = packParcel([entry])
    if (parcel.bytes.length > this.#limit) {
      const size = `${parcel.bytes.length} bytes, and a connection takes ${this.#limit}`
      throw new ItemTooLargeError(`the item takes ${size}: cut it up`)
    }
    entry.parcel = parcel
    return entry
  }

  offer(entries: readonly Entry<T>[]): boolean {
    const [entry] = entries
    const bytes = entry?.parcel?.bytes
    if (!bytes || this.#out.size >= ITEMS || (this.#out.size > 0 && this.#bytes + bytes.length > BYTES)) return false
    this.#out.set(++this.ticket, bytes.length)
    this.#bytes += bytes.length
    this.#send(bytes)
    return true
  }

  /** The other end has settled these, in whatever order; what is said to be stored has no gaps. */
  settled(numbers: readonly number[]): void {
    for (const number of numbers) {
      this.#bytes -= this.#out.get(number) ?? 0
      this.#out.delete(number)
    }
    this.line.stored(this.#firstOut() - 1)
    this.line.flush()
  }

  /** Nothing more can be sent, and nothing will be settled. */
  end(error: Error): void {
    this.#ended ??= error
    this.#out.clear()
    this.line.refuse(error)
    this.line.abandon(error)
  }

  took(): void {}

  refused(): void {}

  #firstOut(): number {
    for (const number of this.#out.keys()) return number
    return this.ticket + 1
  }
}
