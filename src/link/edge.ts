import type { Entry } from '../core/entry.js'
import { slot } from '../core/receipt.js'
import { clock } from '../util/clock.js'
import { Ring } from '../util/ring.js'
import { type EdgeOwner, EdgeReceipt } from './edge-receipt.js'
import type { Joint } from './joint.js'
import type { OpenDestination } from './open-destination.js'
import type { SlowPolicy } from './when-slow.js'

/** What an edge tells of itself. */
export interface EdgeEvents {
  /** It has stored everything that it was passed. */
  cleared(): void
  /** It has stored nothing for the time that its policy gives it. */
  tooSlow(edge: Edge): void
}

interface Held {
  readonly value: unknown
  readonly receipt: EdgeReceipt
}

/** The way to one destination: knows what it is owed, and keeps what waits for it where its policy says so. */
export class Edge implements EdgeOwner {
  readonly id: number
  readonly destination: OpenDestination
  /** Items passed here. */
  items = 0
  stored = 0
  /** Of these, not stored here because the policy said so, or because the destination was let go. */
  dropped = 0
  readonly policy: SlowPolicy
  readonly #events: EdgeEvents
  readonly #owed = new Set<EdgeReceipt>()
  /** Only with a policy that buffers: then one value at a time is passed on that the destination has no room for. */
  readonly #held: Ring<Held> | undefined
  #isAhead = false
  #pumping = false
  #gone = false
  #spare: EdgeReceipt | undefined
  #movedAt = 0
  #cancelWatch: (() => void) | undefined

  constructor(id: number, destination: OpenDestination, policy: SlowPolicy, events: EdgeEvents) {
    this.id = id
    this.destination = destination
    this.policy = policy
    this.#events = events
    if (policy.kind !== 'wait' && policy.kind !== 'detach') this.#held = new Ring()
  }

  /** Items that it has been passed and neither stored nor dropped. */
  get owed(): number {
    return this.#owed.size
  }

  push(value: unknown, joint: Joint): void {
    this.items++
    if (this.#gone) {
      this.dropped++
      return
    }
    if (this.#held && (this.#isAhead || this.#held.length > 0)) {
      this.#hold(this.#held, value, joint)
      return
    }
    const receipt = this.#spare ?? new EdgeReceipt(this, joint)
    receipt.reuse(joint)
    this.#spare = undefined
    this.#pass(value, receipt)
    if (receipt.untouched) {
      this.stored++
      joint.storedAtOnce()
      this.#spare = receipt
    } else receipt.passedOn()
  }

  /** Parcels may be passed to it as they are: no policy looks at single items. */
  get adopts(): boolean {
    return this.#held === undefined && this.destination.adopts === true
  }

  /** What its destination has adopted. */
  pushAdopted(entries: readonly Entry<unknown>[], joint: Joint): void {
    const count = entries.length
    this.items += count
    if (this.#gone) {
      this.dropped += count
      return
    }
    const receipt = new EdgeReceipt(this, joint, count)
    const before = slot.current
    slot.current = receipt
    try {
      this.destination.pushAdopted?.(entries)
    } finally {
      slot.current = before
    }
    if (receipt.untouched) {
      this.stored += count
      joint.storedAtOnce()
    } else receipt.passedOn()
  }

  /** Drops everything that it is owed, and will be: what no other destination stores goes back to its source. */
  dropAll(): void {
    this.#gone = true
    this.#held?.clear()
    for (const receipt of [...this.#owed]) {
      this.dropped += receipt.items
      receipt.drop()
    }
  }

  began(receipt: EdgeReceipt): void {
    this.#owed.add(receipt)
    if (this.policy.kind !== 'detach' || this.#owed.size > 1) return
    this.#movedAt = clock.now()
    this.#cancelWatch ??= this.#watch(this.policy.limit)
  }

  taken(receipt: EdgeReceipt): void {
    if (!receipt.isAhead) return
    this.#isAhead = false
    this.#pump()
  }

  ended(receipt: EdgeReceipt, stored: boolean): void {
    this.#owed.delete(receipt)
    if (stored) this.stored += receipt.items
    if (stored && this.policy.kind === 'detach') this.#movedAt = clock.now()
    if (this.#owed.size > 0) return
    this.#cancelWatch?.()
    this.#cancelWatch = undefined
    this.#events.cleared()
  }

  #pass(value: unknown, receipt: EdgeReceipt): void {
    const before = slot.current
    slot.current = receipt
    try {
      this.destination.push(value)
    } finally {
      slot.current = before
    }
    if (this.#held && !receipt.isAccepted) {
      receipt.isAhead = true
      this.#isAhead = true
    }
  }

  #hold(held: Ring<Held>, value: unknown, joint: Joint): void {
    const { kind, limit } = this.policy
    if (kind === 'dropNewest' && held.length >= limit) {
      this.dropped++
      return
    }
    const receipt = new EdgeReceipt(this, joint)
    receipt.hold()
    held.push({ value, receipt })
    if (kind !== 'dropOldest' || held.length <= limit) return
    this.dropped++
    held.shift()?.receipt.drop()
  }

  /** Passes on what is held while the destination has room. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (!this.#isAhead) {
      const next = this.#held?.shift()
      if (!next) break
      this.#pass(next.value, next.receipt)
      next.receipt.passedOn()
    }
    this.#pumping = false
  }

  #watch(ms: number): () => void {
    return clock.after(ms, () => {
      this.#cancelWatch = undefined
      if (this.#owed.size === 0) return
      const left = this.#movedAt + this.policy.limit - clock.now()
      if (left > 0) this.#cancelWatch = this.#watch(left)
      else this.#events.tooSlow(this)
    })
  }
}
