import { ItemTooLargeError } from '../errors/item-too-large-error.js'
import { QueueFullError } from '../errors/queue-full-error.js'
import type { Entry } from './entry.js'
import type { Mailbox } from './mailbox.js'
import type { Settler } from './receipt.js'
import { Wait, type WaitOptions } from './waiters.js'

const DONE = Promise.resolve()

/** Resolves when the entries are stored, all of them; rejects with QueueFullError after the timeout, with nothing stored. */
export function putAll<T>(mailbox: Mailbox<T>, entries: readonly Entry<T>[], o?: WaitOptions): Promise<void> {
  const { line } = mailbox
  if (entries.length === 0) return DONE
  if (entries.length > mailbox.store.capacity) return Promise.reject(tooLarge(mailbox, entries.length))
  if (line.tryNow(entries)) {
    const stored = line.pending ? new PutWait(mailbox, undefined) : undefined
    if (stored) line.whenStored(stored)
    mailbox.took()
    return stored?.wait.promise ?? DONE
  }
  if (o?.timeout === 0) return Promise.reject(full(mailbox))
  const waiting = new PutWait(mailbox, o)
  waiting.line(entries)
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
  #leave = () => {}

  constructor(mailbox: Mailbox<T>, o: WaitOptions | undefined) {
    this.#mailbox = mailbox
    this.wait = new Wait<void>(
      o,
      () => full(mailbox),
      () => this.#leave(),
    )
  }

  line(entries: readonly Entry<T>[]): void {
    const waiting = this.#mailbox.line.wait(entries, this)
    this.#leave = () => this.#mailbox.line.leave(waiting)
  }

  accepted(): void {
    this.wait.commit()
  }

  stored(): void {
    this.wait.resolve()
  }

  failed(error: unknown): void {
    this.wait.reject(error)
  }
}
