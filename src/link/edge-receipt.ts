import { Receipt } from '../core/receipt.js'
import type { Joint } from './joint.js'

/** Who hears of what becomes of a value at one destination. */
export interface EdgeOwner {
  /** It is not stored at once. */
  began(receipt: EdgeReceipt): void
  /** The destination has taken it, and what comes next may be passed to it. */
  taken(receipt: EdgeReceipt): void
  ended(receipt: EdgeReceipt, stored: boolean): void
}

/** Joins one value with what stores it at one destination. */
export class EdgeReceipt extends Receipt {
  /** It has been passed to the destination, which has no room for it yet. */
  isAhead = false
  readonly items: number
  readonly #owner: EdgeOwner
  #joint: Joint
  #joined = false
  #over = false
  #unaccepted = 0

  /** `items`: more than one of a parcel, which is stored as a whole. */
  constructor(owner: EdgeOwner, joint: Joint, items = 1) {
    super()
    this.items = items
    this.#owner = owner
    this.#joint = joint
  }

  /** Serves another value; only while nobody joined it for the last one. */
  reuse(joint: Joint): void {
    this.#joint = joint
  }

  /** Nobody joined, or all who did have stored, and nothing failed. */
  get untouched(): boolean {
    return this.idle && !this.#joined
  }

  get isAccepted(): boolean {
    return this.#unaccepted === 0
  }

  /** It waits in the link. */
  hold(): void {
    this.#joined = true
    this.#joint.join()
    this.#owner.began(this)
  }

  override join(): void {
    if (!this.#joined) this.hold()
    this.#unaccepted++
    super.join()
  }

  accepted(): void {
    if (--this.#unaccepted === 0) this.#owner.taken(this)
  }

  /** `push` has returned. */
  passedOn(): void {
    super.stored()
  }

  /** What the destination makes of it from here on changes nothing. */
  drop(): void {
    if (this.#over) return
    this.#over = true
    this.#joint.dropped()
    this.#owner.ended(this, false)
  }

  protected settled(): void {
    if (this.#over) return
    this.#over = true
    if (this.#joined) this.#joint.stored()
    else this.#joint.storedAtOnce()
    if (this.#joined) this.#owner.ended(this, true)
  }

  protected spoiled(error: unknown): void {
    if (this.#over) return
    this.#over = true
    if (this.#joined) this.#joint.failed(error)
    else this.#joint.failedAtOnce(error)
    if (this.#joined) this.#owner.ended(this, false)
  }
}
