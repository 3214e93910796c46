import { QueueClosedError } from '../errors/queue-closed-error.js'
import { QueueEmptyError } from '../errors/queue-empty-error.js'
import type { Lease } from './entry.js'
import type { Mailbox } from './mailbox.js'
import type { Taker } from './taker.js'
import { checkWait, Wait, type WaitOptions } from './waiters.js'

const NONE: readonly never[] = []

/** `together`: itself, and those that could be had with it without waiting. */
type Use<T, R> = (lease: Lease<T>, together?: readonly Lease<T>[]) => R

/**
 * Waits in turn for one item, then answers what `use` makes of its lease; it may take up to `appetite`, and does where they are there.
 * `pass`: what it makes of values that are consumed already, where it consumes.
 */
export function claim<T, R>(
  mailbox: Mailbox<T>,
  o: WaitOptions | undefined,
  use: Use<T, R>,
  appetite = 1,
  pass?: (values: T[]) => R,
): Promise<R> {
  try {
    checkWait(o)
    if (mailbox.ended) throw mailbox.ended
    // Whoever waits already is served first.
    const isNext = mailbox.takers.length === 0 && (o?.timeout === 0 || !mailbox.paused)
    const taken = isNext ? mailbox.takeNow(appetite) : NONE
    if (taken.length === 1) return Promise.resolve(used(mailbox, taken[0] as Lease<T>, use))
    if (taken.length > 1) {
      // A copy, for the store uses its answer again.
      const together = taken.slice()
      return Promise.resolve(used(mailbox, taken[0] as Lease<T>, lease => use(lease, together)))
    }
    if (mailbox.store.locked && o?.timeout === 0) throw mailbox.store.locked
    if (mailbox.store.shut && mailbox.idle) throw drained(mailbox)
    if (o?.timeout === 0 && !mailbox.store.refresh) throw empty(mailbox)
  } catch (error) {
    return Promise.reject(error)
  }
  if (o?.timeout === 0) return claimOnce(mailbox, o, use, appetite)
  const waiting = new Claim(mailbox, o, use, appetite, pass)
  mailbox.enrol(waiting)
  return waiting.promise
}

/** What is there is brought from out of reach, so that trying once takes its time. */
function claimOnce<T, R>(mailbox: Mailbox<T>, o: WaitOptions, use: Use<T, R>, appetite: number): Promise<R> {
  const waiting = new Claim(mailbox, o.signal && { signal: o.signal }, use, appetite)
  mailbox.enrol(waiting)
  mailbox.store.refresh?.().then(
    () => waiting.giveUp(empty(mailbox)),
    error => waiting.giveUp(error),
  )
  return waiting.promise
}

export function empty<T>(mailbox: Mailbox<T>): QueueEmptyError {
  return new QueueEmptyError(`${mailbox.name} has no item to give`)
}

export function drained<T>(mailbox: Mailbox<T>): QueueClosedError {
  return new QueueClosedError(`${mailbox.name} was shut down and holds nothing any more`)
}

/** An item that cannot be handed over, because it no longer fits the schema, goes back. */
export function used<T, R>(mailbox: Mailbox<T>, lease: Lease<T>, use: (lease: Lease<T>) => R): R {
  try {
    return use(lease)
  } catch (error) {
    mailbox.nack(lease, { reason: error })
    throw error
  }
}

class Claim<T, R> implements Taker<T> {
  demand = 1
  readonly #appetite: number
  readonly #mailbox: Mailbox<T>
  readonly #use: (lease: Lease<T>) => R
  readonly #wait: Wait<R>
  readonly acceptConsumed: ((values: T[]) => void) | undefined

  constructor(
    mailbox: Mailbox<T>,
    o: WaitOptions | undefined,
    use: (lease: Lease<T>) => R,
    appetite: number,
    pass?: (values: T[]) => R,
  ) {
    this.#appetite = appetite
    this.#mailbox = mailbox
    this.#use = use
    this.acceptConsumed = pass && (values => this.#pass(pass(values)))
    this.#wait = new Wait<R>(
      o,
      () => empty(mailbox),
      () => this.#leave(),
    )
  }

  get appetite(): number {
    return this.demand * this.#appetite
  }

  get promise(): Promise<R> {
    return this.#wait.promise
  }

  giveUp(reason: unknown): void {
    this.#wait.giveUp(reason)
  }

  accept(lease: Lease<T>): void {
    this.#leave()
    try {
      this.#wait.resolve(used(this.#mailbox, lease, this.#use))
    } catch (error) {
      this.#wait.reject(error)
    }
  }

  #pass(result: R): void {
    this.#leave()
    this.#wait.resolve(result)
  }

  end(error?: unknown): void {
    this.#leave()
    this.#wait.reject(error ?? drained(this.#mailbox))
  }

  #leave(): void {
    this.demand = 0
    this.#mailbox.leave(this)
  }
}
