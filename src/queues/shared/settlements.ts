import { type Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { Grants } from './grants.js'
import { GONE, type Ledger } from './ledger.js'
import type { SharedLease } from './shared-lease.js'
import type { TakenParcel } from './taken-parcel.js'
import { Words } from './words.js'

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
  /** Slot and word of each that is to leave. */
  readonly #leaving = new Words()
  /** Of those that are alone in their parcels, since only they may lie in files. */
  #parcels: TakenParcel<T>[] = []
  #returned: Return<T>[] = []
  /** Parcels that have left, and whose payloads beside the queue go when the lock is free. */
  #left: TakenParcel<T>[] = []
  #soon: NodeJS.Immediate | undefined

  constructor(arena: Arena, ledger: Ledger, flush: () => void) {
    this.#arena = arena
    this.#ledger = ledger
    this.#flush = flush
  }

  /** Leases that are ended, and not yet in the ledger. */
  get count(): number {
    return this.#leaving.length / 2 + this.#returned.length
  }

  ack(lease: SharedLease<T>): boolean {
    if (!this.#ends(lease)) return false
    this.#leaving.pair(lease.slot, lease.word)
    if (lease.parcel.count === 1) this.#parcels.push(lease.parcel)
    this.#flushSoon()
    return true
  }

  /** Hands over what was granted, and acks it. */
  consume(grants: Grants<T>): T[] {
    this.#flushSoon()
    return grants.handOver(this.#leaving)
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
    if (this.#leaving.length > 0) this.#gone()
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
    this.#ledger.ack(this.#leaving)
    this.#leaving.length = 0
    this.#left = this.#left.length === 0 ? this.#parcels : [...this.#left, ...this.#parcels]
    this.#parcels = []
    this.#arena.wake(ROOM, 1)
    if (this.#ledger.held === 0) this.#arena.wake(REST)
  }

  /** When the lock is free again. */
  written(): void {
    if (this.#left.length === 0) return
    for (const parcel of this.#left) parcel.done()
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
