import type { Lease } from './entry.js'

/** Somebody who wants items from a mailbox: a subscription, a loop, or a single waiting call. */
export interface Taker<T> {
  /** How many more items it would accept now. */
  readonly demand: number
  /** How many it would take if they came together; where it is missing, that is the demand. */
  readonly appetite?: number
  accept(lease: Lease<T>): void
  /** It passes parcels on as they are, and is given what was taken sealed by `acceptSealed`. */
  readonly wantsSealed?: boolean
  /** All that was taken at once. What it does not want goes back. */
  acceptSealed?(leases: readonly Lease<T>[]): void
  /** It stores several at the cost of one, and is given them by `acceptTogether` where nobody else wants anything. */
  readonly wantsTogether?: boolean
  /** All of them, or none, which is false: then they are handed over one by one. */
  acceptTogether?(leases: readonly Lease<T>[]): boolean
  /** It consumes what it is given, up to its appetite, and is given values without leases where that can be done. */
  acceptConsumed?(values: T[]): void
  /** Nothing more will come: the queue is drained (no error), or the store broke. */
  end(error?: unknown): void
  /** The user closed this handle. Where it is missing, `end` hears of it, with this error. */
  letGo?(error: unknown): void
}
