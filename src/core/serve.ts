import { type Consuming, consumeTogether } from './consume-together.js'
import type { Lease } from './entry.js'
import type { Taker } from './taker.js'
import type { Takers } from './takers.js'

/** A drain hands over this many items before it steps aside for other drains that wait. */
export const SLICE = 256

interface Serving<T> extends Consuming<T> {
  readonly takers: Takers<T>
  giveBack(lease: Lease<T>, due: number): boolean
  kick(): void
}

/** Hands one taker what it may have in one turn; answers how many left the store. */
export function serve<T>(mailbox: Serving<T>, taker: Taker<T>): number {
  const { store, takers } = mailbox
  const { wantsSealed } = taker
  if (taker.acceptConsumed) {
    const values = consumeTogether(mailbox, taker.appetite ?? taker.demand)
    if (values) return consumed(mailbox, taker, values)
  }
  // Where others want something too, they take turns.
  const together = taker.wantsTogether === true && takers.length === 1
  const most = Math.min(taker.demand, together ? SLICE : store.stride)
  const taken = store.take(most, mailbox.now(), wantsSealed)
  const count = taken.length
  if (count === 0) return 0
  if (wantsSealed) taker.acceptSealed?.([...taken])
  else if (count === 1) taker.accept(taken[0] as Lease<T>)
  else if (!(together && taker.acceptTogether?.([...taken]))) {
    // A copy, for a handler may take more by itself, and the store uses its answer again.
    for (const lease of [...taken]) {
      if (taker.demand > 0) taker.accept(lease)
      else mailbox.giveBack(lease, 0)
    }
  }
  takers.served(taker)
  return count
}

function consumed<T>(mailbox: Serving<T>, taker: Taker<T>, values: T[]): number {
  if (values.length === 0) return 0
  // As each ack does: there is room now for who waits in line.
  mailbox.kick()
  taker.acceptConsumed?.(values)
  mailbox.takers.served(taker)
  return values.length
}
