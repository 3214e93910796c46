import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { Grants } from './grants.js'
import { GONE, type Ledger } from './ledger.js'
import type { SharedLease } from './shared-lease.js'
import { Words } from './words.js'

/** Two numbers for each item of a take, as a rule. */
const TAKE = 512

interface Return<T> {
  readonly lease: SharedLease<T>
  readonly attempt: number
  readonly due: number
}

/**
 * Leases that this handle has ended. That is known at once, and written into the ledger by the next section, whatever it is
 * for, or at the end of the turn.
 */
export class Settlements<T> {
  readonly #arena: Arena
  readonly #ledger: Ledger
  readonly #flush: () => void
  #acked: SharedLease<T>[] = []
  /** Handed over without a lease: slot and word of each. */
  readonly #consumed = new Words(TAKE)
  #returned: Return<T>[] = []
  /** Items that have left, and whose payloads beside the queue go when the lock is free. */
  #left: SharedLease<T>[] = []
  #soon: NodeJS.Immediate | undefined

  constructor(arena: Arena, ledger: Ledger, flush: () => void) {
    this.#arena = arena
    this.#ledger = ledger
    this.#flush = flush
  }

  /** Leases that are ended, and not yet in the ledger. */
  get count(): number {
    return this.#acked.length + this.#consumed.length / 2 + this.#returned.length
  }

  ack(lease: SharedLease<T>): boolean {
    if (!this.#ends(lease)) return false
    this.#acked.push(lease)
    this.#flushSoon()
    return true
  }

  /** Hands over what was granted, and acks it. */
  consume(grants: Grants<T>): T[] {
    this.#flushSoon()
    return grants.handOver(this.#consumed)
  }

  giveBack(lease: SharedLease<T>, due: number): boolean {
    if (!this.#back(lease, due)) return false
    this.#flush()
    return true
  }

  /** All of them in one section, to be taken at once. */
  giveAllBack(leases: readonly SharedLease<T>[]): void {
    for (const lease of leases) this.#back(lease, 0)
    this.#flush()
  }

  /** Under the lock. */
  write(): void {
    if (this.#acked.length + this.#consumed.length > 0) this.#gone()
    if (this.#returned.length > 0) {
      for (const { lease, attempt, due } of this.#returned) {
        this.#ledger.giveBack(lease, attempt, due)
        this.#arena.wake(ITEMS, due > 0 ? undefined : 1)
      }
      this.#returned = []
    }
  }

  /** Under the lock: items that this handle has taken leave for good. */
  #gone(): void {
    this.#ledger.ack(this.#acked)
    if (this.#consumed.length > 0) {
      this.#ledger.settle(this.#consumed)
      this.#consumed.length = 0
    }
    this.#left = this.#left.length === 0 ? this.#acked : [...this.#left, ...this.#acked]
    this.#acked = []
    this.#arena.wake(ROOM, 1)
    if (this.#ledger.held === 0) this.#arena.wake(REST)
  }

  /** When the lock is free again. */
  written(): void {
    if (this.#left.length === 0) return
    // Only what is alone in its parcel may lie in a file.
    for (const { parcel } of this.#left) if (parcel.count === 1) parcel.done()
    this.#left = []
  }

  close(): void {
    clearImmediate(this.#soon)
  }

  #flushSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined
      this.#flush()
    })
  }

  #back(lease: SharedLease<T>, due: number): boolean {
    if (this.#ledger.views.shut === GONE) return this.ack(lease)
    if (!this.#ends(lease)) return false
    this.#returned.push({ lease, attempt: lease.attempt, due })
    return true
  }

  #ends(lease: SharedLease<T>): boolean {
    if (lease.settled || this.#arena.closed || !this.#ledger.holds(lease)) return false
    lease.settled = true
    return true
  }
}
