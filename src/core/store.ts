import type { Entry, Lease } from './entry.js'
import type { Parcel } from './parcel.js'

/**
 * Numbers what a store took, in order. 0: stored already. Otherwise `stored(n)` tells later that everything up to n is stored.
 */
export type Ticket = number

/** What a store tells its owner about others' doing; what the owner's own calls changed, it sees by itself. */
export interface StoreListener {
  /** There may be something to take. */
  readable(): void
  /** There may be room. */
  writable(): void
  /** Everything with a ticket up to this one is stored. */
  stored(ticket: Ticket): void
  /** What this ticket stands for will never be stored. */
  failed(ticket: Ticket, error: unknown): void
  /** So many of the items put were known by their key, and were not stored again. */
  repeated(count: number): void
  /** The store itself is gone: every later call would fail with this error. */
  broken(error: unknown): void
}

/** What the users of one handle wait for. */
export interface Wants {
  /** Somebody would take an item. */
  readonly items: boolean
  /** Somebody waits in line to put. */
  readonly room: boolean
  /** Somebody waits for others to settle: a join, an end. */
  readonly rest: boolean
}

/** The way in: all that a file, a stream or a pipe has of a store. */
export interface Intake<T> {
  /** No more offers are taken, for anyone, until `reopen`. */
  readonly shut: boolean
  /** The ticket of what the last `offer` took. */
  readonly ticket: Ticket
  /**
   * Takes all of the entries, in order, or, where they do not fit, none and answers false. Keeps no reference to the array.
   * Entries that were sealed together come together.
   */
  offer(entries: readonly Entry<T>[]): boolean
  /**
   * As `offer`, for what may be a repetition: what is stored already under the same client and number is not stored
   * again. Only where the number is committed together with the items.
   */
  offerOnce?(entries: readonly Entry<T>[], client: string, number: number): boolean
  /** What was sealed last was not offered, since others wait in line before it. */
  hold?(entries: readonly Entry<T>[]): void
  /** Stores, before it returns, what the last `offer` took, for a caller that cannot wait. Throws if it cannot be stored. */
  storeNow?(): void
  /**
   * Asks to give up what this ticket stands for, unless it is stored by now; `stored` or `failed` tells which. Only where
   * what was taken may still have to wait for room.
   */
  withdraw?(ticket: Ticket): void
}

/**
 * What a queue keeps its items in: the only part that differs between kinds. It offers only what cannot block, knows
 * neither promises nor timers, and does not import rxjs. Everything that waits is written once, in Mailbox.
 */
export interface Store<T> extends Intake<T> {
  readonly kind: string
  /** Items that can be held, ready, delayed and leased together. */
  readonly capacity: number
  /** Encoded bytes that can be held; Infinity where nothing is encoded. */
  readonly byteCapacity: number
  /** How many leases one consumer is given at a time; 1 where a take costs next to nothing. */
  readonly stride: number
  /** Items that could be taken now. */
  readonly ready: number
  /** Items whose time has not come. */
  readonly delayed: number
  /** Items out with any consumer. */
  readonly leased: number
  /** Nothing more comes in until something is settled; where it is not told, that is when items fill the capacity. */
  readonly full?: boolean
  /** Why the last call could do nothing, where that was for a reason other than what the store holds. */
  readonly locked?: Error | undefined
  /** When the first delayed item falls due (clock ms); Infinity if none is delayed. */
  readonly nextDue: number
  /** Items are handed over by the `priority` of their put; a put of any other kind refuses it. */
  readonly priorities?: boolean
  /** The `key` of a put means something here; a put of any other kind refuses it. */
  readonly keys?: boolean

  listen(listener: StoreListener): void
  /**
   * Told, whenever it changes, what the users of this handle wait for. A store that others change as well listens for that
   * only, looks once more when it begins to, and keeps the process alive for as long as any of it is true. `demand` tells
   * how many items would be accepted at the time it is asked.
   */
  attend?(wants: Wants, demand: () => number): void
  /**
   * Resolves when this handle knows what the store knew when it was asked: what it may take is here, and the numbers are
   * those of that time. Only where the store is out of reach.
   */
  refresh?(): Promise<void>
  /**
   * Encodes what is put together, in the call that puts, and leaves the parcel with the first entry. Throws CodecError or
   * ItemTooLargeError, and then nothing was put. Kinds that hold bytes have it.
   */
  seal?(entries: readonly Entry<T>[]): void
  /** As `seal`, of values that are put together with nothing said about any; undefined where each needs an entry of its own. */
  sealValues?(values: readonly T[], at: number): readonly Entry<T>[] | undefined
  /**
   * What can be offered for a parcel that another store sealed, without decoding it; undefined where it does not suit this
   * one. `at`: when it was put. Optional: where it is missing, its items are decoded, and sealed anew.
   */
  adopt?(parcel: Parcel, at: number): readonly Entry<T>[] | undefined
  /**
   * Leases up to `max` items that are due at `now`. The answer may be used again by the next `take`. `sealed`: the caller
   * passes parcels on as they are, so that none should be decoded before a value is asked for, nor be cut: the last one is
   * taken as a whole, also beyond `max`. A store without parcels pays no heed to that.
   */
  take(max: number, now: number, sealed?: boolean): readonly Lease<T>[]
  /** All there was has been taken, one by one: who can wait looks again in the next turn of the event loop, and not before. */
  readonly spent?: boolean
  /**
   * Takes an entry in and leases it in one step, provided that nothing is ready or delayed and that there is room; else
   * does nothing. Optional: it spares a store that is always emptied at once the detour over its shelf.
   */
  lend?(entry: Entry<T>): Lease<T> | undefined
  /**
   * As `take` of several, all of which are handed over and acked at once; none: nothing can be had now. Undefined: they have to be taken,
   * which must follow. Optional: it spares the leases.
   */
  consume?(max: number, now: number): T[] | undefined
  /** The item leaves the store for good. False: the lease has passed on, nothing was changed. */
  ack(lease: Lease<T>): boolean
  /** The item returns to its place, to be taken from `due` on (0: at once). False as with `ack`. */
  giveBack(lease: Lease<T>, due: number): boolean
  /** Told when a leased item is handed to user code, where the attempt must outlive this process. */
  handedOver?(lease: Lease<T>): void
  peek(now: number): T | undefined
  /** `shut` is true, here, when this returns; for others when the promise resolves. */
  shutdown(): void | Promise<void>
  reopen(): void | Promise<void>
  /** Removes and answers what is held and not leased. */
  clear(): T[] | Promise<T[]>
  /** Lets go of this handle; what it leased goes back. */
  close(): void | Promise<void>
}
