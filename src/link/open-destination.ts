import type { Observer } from 'rxjs'
import type { Entry } from '../core/entry.js'
import { mailboxOf } from '../core/mailbox-of.js'
import type { Parcel } from '../core/parcel.js'
import { Queue } from '../core/queue.js'
import { slot } from '../core/receipt.js'
import { Sink } from '../core/sink.js'
import { LinkError } from '../errors/link-error.js'

/** A destination that a link writes: joins the receipt of each item that it is pushed. */
export interface OpenDestination {
  push(value: unknown): void
  /** Parcels of other queues may be pushed as they are. */
  readonly adopts?: boolean
  /** What `pushAdopted` takes for a parcel; undefined where its items must be pushed one by one. */
  adopt?(parcel: Parcel, at: number): readonly Entry<unknown>[] | undefined
  /** As `push`, of all items of a parcel. */
  pushAdopted?(entries: readonly Entry<unknown>[]): void
  /** Nothing more will come; resolves when everything is stored, and files and streams are closed. */
  complete(): Promise<void>
  /** The link goes, the destination stays: resolves when everything pushed is stored, and files and streams are closed. */
  finish(): Promise<void>
  /** Of files: resolves when it is open, so that it has been replaced or cut. */
  readonly opened?: Promise<void>
  /** Rejects when the destination can store nothing more. */
  readonly failed: Promise<never>
  /** Lets go: what waits for room is withdrawn, so that it goes back to its source. */
  stop(error: unknown): void
}

export function openDestination(
  destination: Queue<unknown> | Sink<unknown> | Observer<unknown>,
  closeOnComplete: boolean,
): OpenDestination {
  if (destination instanceof Queue) return overQueue(destination, closeOnComplete)
  if (destination instanceof Sink) return overSink(destination)
  return overObserver(destination, closeOnComplete)
}

function overQueue(queue: Queue<unknown>, closeOnComplete: boolean): OpenDestination {
  const sink = queue.sink({ closeOnComplete })
  const mailbox = mailboxOf(queue)
  return {
    ...overSink(sink),
    adopts: mailbox.adopts,
    adopt: (parcel, at) => (sink.closed ? undefined : mailbox.adopt(parcel, at)),
    pushAdopted: entries => sink.nextAdopted(entries),
  }
}

function overSink(sink: Sink<unknown>): OpenDestination {
  return {
    push(value) {
      // A Subscriber that has ended ignores values; here that would be a loss.
      if (sink.closed) slot.current?.spoil(new LinkError('the destination has ended', 'ERR_LINK_DESTINATION'))
      else sink.next(value)
    },
    complete() {
      sink.complete()
      return sink.done
    },
    finish() {
      sink.unsubscribe()
      return sink.done
    },
    failed: new Promise((_, reject) => sink.done.catch(reject)),
    stop: error => sink.withdraw(error),
  }
}

/** A plain Observer has stored a value when its `next` returns. */
function overObserver(observer: Observer<unknown>, closeOnComplete: boolean): OpenDestination {
  let reject: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, onFailed) => {
    reject = onFailed
  })
  return {
    push(value) {
      try {
        observer.next(value)
      } catch (error) {
        slot.current?.spoil(error)
        reject(error)
      }
    },
    async complete() {
      if (closeOnComplete) observer.complete?.()
    },
    finish: async () => {},
    failed,
    stop: () => {},
  }
}
