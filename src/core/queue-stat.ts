import type { Mailbox } from './mailbox.js'

export interface QueueStat {
  readonly name: string
  readonly kind: string
  /** Items that nobody holds. */
  readonly size: number
  readonly capacity: number
  /** Items whose time has not come. */
  readonly delayed: number
  /** Items out and not settled, with anyone. */
  readonly leased: number
  /** Items given back that rest before their next hand-over; part of `size`. */
  readonly resting: number
  readonly shutDown: boolean
  /** Puts and values of this handle that wait for room. */
  readonly waitingPuts: number
  /** Subscriptions and waiting calls of this handle. */
  readonly readers: number
  /** Those of them that would take an item now; the others are paused because what they hold is unsettled. */
  readonly wanting: number
  // Of queues that other processes share, as far as their kind can tell:
  /** Encoded bytes held, and how many can be. Puts wait when either these or the items run out. */
  readonly bytes?: number
  readonly byteCapacity?: number
  /** The fuller of the two, 0 to 1. */
  readonly utilisation?: number
  /** Encoded bytes of an item, on average of those held. */
  readonly itemBytes?: number
  /** Ms since the oldest item that is not settled was put. */
  readonly oldestAge?: number
  /** Items put and settled by anyone, since the queue was made. */
  readonly puts?: number
  readonly settled?: number
  /** Handles that are open, in whatever process. */
  readonly participants?: number
  /** Of them, those that wait for an item, and for room. */
  readonly waitingToTake?: number
  readonly waitingToPut?: number
}

export function statOf<T>(mailbox: Mailbox<T>): QueueStat {
  const { store, rests } = mailbox
  return {
    name: mailbox.name,
    kind: store.kind,
    size: mailbox.size,
    capacity: store.capacity,
    delayed: mailbox.delayed,
    leased: store.leased - rests.length,
    resting: rests.length,
    shutDown: store.shut,
    waitingPuts: mailbox.line.length,
    readers: mailbox.audience.size,
    wanting: mailbox.takers.length,
  }
}
