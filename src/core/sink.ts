import { Subscriber } from 'rxjs'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { Deferred } from '../util/deferred.js'
import type { Entry } from './entry.js'
import { type Gate, Inlet, type SinkOptions } from './inlet.js'
import { type CurrentReceipt, slot } from './receipt.js'
import { isConnection } from './sink-connection.js'

/** What a sink's end means to what it leads to. */
export interface SinkEnd {
  /** The source completed and everything it sent is stored. */
  complete?(): void | Promise<void>
  /** The source failed, or the sink itself did. */
  error?(error: unknown): void
  /** The subscription ended, in whichever way; `done` waits for what this starts. */
  unsubscribe?(): void | Promise<void>
}

/** An rxjs subscriber on the way to another one. */
interface Operator {
  readonly destination?: unknown
}

/**
 * An Observer that stores what it is sent and tells by `done` how that ended: resolved when all is stored after complete
 * or unsubscribe, rejected with the first error. It takes one source.
 */
export class Sink<T> extends Subscriber<T> {
  readonly done: Promise<void>
  readonly #done = new Deferred<void>()
  readonly #inlet: Inlet<T>
  readonly #end: SinkEnd
  #connected = false
  #failure: { readonly error: unknown } | undefined
  #ended = Promise.resolve()

  constructor(gate: Gate<T>, o: SinkOptions = {}, end: SinkEnd = {}) {
    super()
    this.done = this.#done.promise
    // Rejection is the news of `done`; whoever does not ask for it hears of it by the subscription's end.
    this.done.catch(() => {})
    this.#inlet = new Inlet(gate, o, error => this.fail(error))
    this.#end = end
  }

  /** Ends the sink with an error: `done` rejects, and the source is unsubscribed. */
  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    this.#end.error?.(error)
    this.unsubscribe()
    this.#settle()
  }

  /** Ends the sink and takes back what still waits for room, so that it returns to its source. */
  withdraw(error: unknown): void {
    this.unsubscribe()
    this.#inlet.withdraw(error)
  }

  /** @internal Stores what its queue has adopted, in the place of `next`. */
  nextAdopted(entries: readonly Entry<T>[]): void {
    this.#inlet.pushAdopted(entries)
  }

  /** @internal As `next` of each, with one receipt for all; false: nothing was done. */
  nextAll(values: readonly T[], receipt: CurrentReceipt): boolean {
    return !this.isStopped && this.#inlet.pushAll(values, receipt)
  }

  /** A source adds its teardown: here a second one shows. Which of the two is wrong nobody knows, so the sink ends. */
  override add(teardown: Parameters<Subscriber<T>['add']>[0]): void {
    super.add(teardown)
    // An operator that leads here: the rule when inner subscriptions come and go, and cheap to tell.
    if (teardown instanceof Subscriber && (teardown as unknown as Operator).destination === this) return
    if (!isConnection()) return
    if (this.#connected) {
      const mend = 'merge() the sources, or make a sink for each'
      const error = new QueueLinkError(`a sink takes one source: ${mend}`, 'ERR_SINK_TAKEN')
      if (!this.isStopped) this.fail(error)
      throw error
    }
    this.#connected = true
  }

  override unsubscribe(): void {
    if (this.closed) return
    super.unsubscribe()
    this.#ended = Promise.resolve(this.#end.unsubscribe?.())
    this.#inlet.whenStored(() => this.#settle())
  }

  protected override _next(value: T): void {
    this.#inlet.push(value)
  }

  protected override _error(error: unknown): void {
    // An operator failed on the item of this call stack: that item goes back.
    slot.current?.spoil(error)
    this.fail(error)
  }

  protected override _complete(): void {
    this.#inlet.whenStored(() => {
      if (this.#failure) return
      this.#ended = Promise.resolve(this.#end.complete?.())
      this.#settle()
    })
    super.unsubscribe()
  }

  /** A failure is told as soon as the target is let go, whatever else still waits there. */
  #settle(): void {
    const failed = (error: unknown): void => this.#done.reject(this.#failure ? this.#failure.error : error)
    this.#ended.then(() => (this.#failure ? failed(undefined) : this.#done.resolve()), failed)
  }
}
