import { ItemTooLargeError } from '../errors/item-too-large-error.js'
import { QueueFullError } from '../errors/queue-full-error.js'
import type { Entry } from './entry.js'
import type { Mailbox } from './mailbox.js'
import type { Waiting } from './put-line.js'
import type { Settler } from './receipt.js'
import { Wait, type WaitOptions } from './waiters.js'

const DONE = Promise.resolve()

/** Resolves when the entries are stored, all of them; rejects with QueueFullError after the timeout, with nothing stored. */
export function putAll<T>(mailbox: Mailbox<T>, entries: readonly Entry<T>[], o?: WaitOptions): Promise<void> {
  const { line, store } = mailbox
  if (entries.length === 0) return DONE
  if (entries.length > mailbox.store.capacity) return Promise.reject(tooLarge(mailbox, entries.length))
  const once = o?.timeout === 0
  // Trying once ends with the word of the store, not by the clock.
  const wait = once ? o.signal && { signal: o.signal } : o
  if (line.tryNow(entries)) {
    const stored = line.pending ? new PutWait(mailbox, store.withdraw && wait) : undefined
    if (stored) line.whenStored(stored)
    mailbox.took()
    if (once && store.withdraw) stored?.once()
    return stored?.wait.promise ?? DONE
  }
  if (once && !store.refresh) return Promise.reject(store.locked ?? full(mailbox))
  const waiting = new PutWait(mailbox, wait)
  waiting.line(entries)
  if (once) waiting.once()
  return waiting.wait.promise
}

export function full<T>(mailbox: Mailbox<T>): QueueFullError {
  return new QueueFullError(`${mailbox.name} is full (capacity ${mailbox.store.capacity})`)
}

function tooLarge<T>(mailbox: Mailbox<T>, count: number): ItemTooLargeError {
  const { capacity } = mailbox.store
  return new ItemTooLargeError(`a batch of ${count} items can never fit ${mailbox.name}, whose capacity is ${capacity}`)
}

class PutWait<T> implements Settler {
  readonly wait: Wait<void>
  readonly #mailbox: Mailbox<T>
  /** Its place in line. */
  #place: Waiting<T> | undefined
  /** What the store took, and can still be asked to give up. */
  #ticket = 0
  #givenUp: { readonly reason: unknown } | undefined

  constructor(mailbox: Mailbox<T>, o: WaitOptions | undefined) {
    this.#mailbox = mailbox
    this.wait = new Wait<void>(
      o,
      () => full(mailbox),
      reason => this.#leave(reason),
    )
  }

  line(entries: readonly Entry<T>[]): void {
    this.#place = this.#mailbox.line.wait(entries, this)
  }

  /** Of a store out of reach: gives up unless there is room as soon as the store has said so. */
  once(): void {
    const { store } = this.#mailbox
    store.refresh?.().then(
      () => this.wait.giveUp(full(this.#mailbox)),
      error => this.wait.giveUp(error),
    )
  }

  accepted(): void {
    const { store } = this.#mailbox
    if (store.withdraw) this.#ticket = store.ticket
    else this.wait.commit()
  }

  stored(): void {
    this.wait.resolve()
  }

  failed(error: unknown): void {
    this.wait.reject(this.#givenUp ? this.#givenUp.reason : error)
  }

  /** What the store has taken is given up when the store says so. */
  #leave(reason: unknown): boolean {
    const { store, line } = this.#mailbox
    if (this.#ticket === 0) {
      if (this.#place) line.leave(this.#place)
      return false
    }
    this.#givenUp ??= { reason }
    store.withdraw?.(this.#ticket)
    return true
  }
}
