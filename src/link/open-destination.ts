import type { Observer } from 'rxjs'
import { Queue } from '../core/queue.js'
import { slot } from '../core/receipt.js'
import { Sink } from '../core/sink.js'
import { LinkError } from '../errors/link-error.js'

/** A destination that a link writes: joins the receipt of each item that it is pushed. */
export interface OpenDestination {
  push(value: unknown): void
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
  if (destination instanceof Queue) return overSink(destination.sink({ closeOnComplete }))
  if (destination instanceof Sink) return overSink(destination)
  return overObserver(destination, closeOnComplete)
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
