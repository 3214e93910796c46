import type { CurrentReceipt } from '../core/receipt.js'
import { LinkError } from '../errors/link-error.js'

/** Why an item goes back that every one of its destinations has dropped: nothing failed. */
export const UNSTORED = new LinkError('no destination has stored this item', 'ERR_LINK_UNSTORED')

/**
 * What becomes of one value at all of its destinations. The value's item is settled when each of them has stored or
 * dropped it; if all have dropped it, it goes back.
 */
export class Joint {
  #item: CurrentReceipt | undefined
  /** Destinations that have yet to say, and one while the value is passed to them. */
  #open = 1
  #stored = false
  #joined = false

  /** The item of this value; undefined where items may be lost. */
  begin(item: CurrentReceipt | undefined): void {
    this.#item = item
    this.#open = 1
    this.#stored = false
  }

  /** Nobody holds it, so that it can serve another value. */
  get untouched(): boolean {
    return !this.#joined
  }

  /** A destination will store it later. */
  join(): void {
    this.#joined = true
    this.#open++
    this.#item?.join()
  }

  /** A destination that had joined has stored it. */
  stored(): void {
    this.#stored = true
    this.#open--
    this.#item?.stored()
  }

  storedAtOnce(): void {
    this.#stored = true
  }

  /** A destination that had joined could not store it. */
  failed(error: unknown): void {
    this.#open--
    this.#item?.failed(error)
  }

  failedAtOnce(error: unknown): void {
    this.#item?.spoil(error)
  }

  /** A destination that had joined will not store it, and that is no failure. */
  dropped(): void {
    if (--this.#open === 0 && !this.#stored) this.#item?.failed(UNSTORED)
    else this.#item?.stored()
  }

  /** It has been passed to all destinations. */
  passedOn(): void {
    if (--this.#open === 0 && !this.#stored) this.#item?.spoil(UNSTORED)
  }
}
