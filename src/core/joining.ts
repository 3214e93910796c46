import { DeadlockError } from '../errors/deadlock-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { Ring } from '../util/ring.js'
import type { Lease } from './entry.js'
import { handlingItemOf, isHandling } from './handling.js'
import type { Mailbox } from './mailbox.js'
import type { Taker } from './taker.js'
import { checkWait, Wait, type WaitOptions } from './waiters.js'

/** What `get` took of a joinable queue and `taskDone` has not settled yet, and the wait until nothing is left. */
export class Joining<T> {
  readonly #mailbox: Mailbox<T>
  readonly #open = new Ring<Lease<T>>()

  constructor(mailbox: Mailbox<T>) {
    this.#mailbox = mailbox
    mailbox.handling = handler => handlingItemOf(mailbox, handler)
  }

  took(lease: Lease<T>): void {
    this.#open.push(lease)
  }

  taskDone(): void {
    if (this.#mailbox.ended) throw this.#mailbox.ended
    const oldest = this.#open.shift()
    if (!oldest) {
      const { name } = this.#mailbox
      throw new QueueLinkError(`taskDone() was called more often than get() on ${name}`, 'ERR_TASK_DONE')
    }
    this.#mailbox.ack(oldest)
  }

  join(o?: WaitOptions): Promise<void> {
    const mailbox = this.#mailbox
    try {
      checkWait(o)
      if (mailbox.ended) throw mailbox.ended
      if (isHandling(mailbox)) {
        throw new DeadlockError(`join() inside a handler of ${mailbox.name} waits for that handler itself`)
      }
    } catch (error) {
      return Promise.reject(error)
    }
    let cancel = () => {}
    const wait = new Wait<void>(
      o,
      () => new QueueLinkError(`${mailbox.name} still holds items`, 'ERR_JOIN_TIMEOUT'),
      () => cancel(),
    )
    // Listed among those whom the end of the handle concerns; it never wants an item.
    const listener: Taker<T> = {
      demand: 0,
      accept: () => {},
      end: error => {
        cancel()
        if (error) wait.reject(error)
        else wait.resolve()
      },
    }
    let cancelIdle = (): void => {}
    const whenIdle = (): void => {
      cancelIdle = mailbox.when(
        () => mailbox.idle,
        () => listener.end(),
      )
    }
    cancel = () => {
      cancelIdle()
      mailbox.leave(listener)
    }
    if (!mailbox.store.refresh) whenIdle()
    else {
      // What this handle last heard may be old.
      mailbox.store.refresh().then(
        () => !wait.ended && whenIdle(),
        error => listener.end(error),
      )
    }
    if (!wait.ended) mailbox.audience.add(listener)
    return wait.promise
  }
}
