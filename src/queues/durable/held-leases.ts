import type { Lease } from '../../core/entry.js'
import { DurableLease } from './durable-lease.js'
import { LEASED, ownerOf, RETURNED, stateOf, wordOf } from './lease-table.js'
import { DELAYED, type Ledger } from './ledger.js'

/** The leases that one handle has out. */
export class HeldLeases<T> {
  readonly #ledger: Ledger
  readonly #slot: () => number
  readonly #out = new Set<DurableLease<T>>()

  constructor(ledger: Ledger, slot: () => number) {
    this.#ledger = ledger
    this.#slot = slot
  }

  add(leases: readonly DurableLease<T>[]): void {
    for (const lease of leases) this.#out.add(lease)
  }

  /** The lease, which is out no longer; undefined if it was not. */
  end(lease: Lease<T>): DurableLease<T> | undefined {
    if (!(lease instanceof DurableLease) || !this.#out.delete(lease)) return undefined
    return lease
  }

  has(lease: Lease<T>): lease is DurableLease<T> {
    return lease instanceof DurableLease && this.#out.has(lease)
  }

  /** Ends all, and answers them. */
  endAll(): DurableLease<T>[] {
    const leases = [...this.#out]
    this.#out.clear()
    return leases
  }

  /** Under the lock, and only as long as the lease is this handle's. */
  setState({ seq, line, attempt }: DurableLease<T>, state: number): void {
    const { table } = this.#ledger
    const at = table.find(seq)
    const mine = this.#slot()
    if (at < 0 || stateOf(table.word(at)) !== LEASED || ownerOf(table.word(at)) !== mine) return
    table.setWord(at, wordOf(state, line === DELAYED, state === RETURNED ? 0 : mine, attempt))
  }

  /** Under the lock: the item can be taken again. */
  return(lease: DurableLease<T>): void {
    const ledger = this.#ledger
    const at = ledger.table.find(lease.seq)
    if (at < 0) return
    if (lease.attempt > 0) this.setState(lease, RETURNED)
    else ledger.table.remove(at)
    ledger.leased--
    ledger.lower(lease.line, lease.first, lease.seq - lease.index)
  }
}
