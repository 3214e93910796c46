import type { Lease } from '../core/entry.js'
import { Receipt } from '../core/receipt.js'

/** Hears what becomes of each item of a parcel that was passed on as a whole. */
export interface ParcelOwner {
  settled(lease: Lease<unknown>): void
  spoiled(lease: Lease<unknown>, error: unknown): void
  /** A destination has failed. */
  end(error: unknown): void
}

/** Joins all items of a parcel with what stores it. */
export class ParcelReceipt extends Receipt {
  readonly #owner: ParcelOwner
  readonly #leases: readonly Lease<unknown>[]
  #passed = false
  #cause: { readonly error: unknown } | undefined

  constructor(owner: ParcelOwner, leases: readonly Lease<unknown>[]) {
    super()
    this.#owner = owner
    this.#leases = leases
  }

  /** All who joined have stored, or nobody did, and nothing failed. */
  get untouched(): boolean {
    return this.idle
  }

  override spoil(error: unknown): void {
    super.spoil(error)
    this.#cause ??= { error }
    if (this.#passed) this.#owner.end(this.#cause.error)
  }

  /** It has been passed to all destinations, and its items are still out. */
  passedOn(): void {
    this.#passed = true
    this.stored()
    if (this.#cause) this.#owner.end(this.#cause.error)
  }

  protected settled(): void {
    for (const lease of this.#leases) this.#owner.settled(lease)
  }

  protected spoiled(error: unknown): void {
    for (const lease of this.#leases) this.#owner.spoiled(lease, error)
  }
}
