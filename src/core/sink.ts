import { Subscriber } from 'rxjs'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { Deferred } from '../util/deferred.js'
import { type Gate, Inlet, type SinkOptions } from './inlet.js'
import { slot } from './receipt.js'

/** What a sink's end means to what it leads to. */
export interface SinkEnd {
  /** The source completed and everything it sent is stored. */
  complete?(): void | Promise<void>
  /** The source failed, or the sink itself did. */
  error?(error: unknown): void
  /** The subscription ended, in whichever way; `done` waits for what this starts. */
  unsubscribe?(): void | Promise<void>
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
  #sources = 0
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
    this.#failure ??= { error }
    this.#end.error?.(error)
    this.unsubscribe()
    this.#settle()
  }

  /** Ends the sink and takes back what still waits for room, so that it returns to its source. */
  withdraw(error: unknown): void {
    this.unsubscribe()
    this.#inlet.withdraw(error)
  }

  override add(teardown: Parameters<Subscriber<T>['add']>[0]): void {
    if (!this.closed && isSource(teardown, this) && ++this.#sources > 1) {
      if (typeof teardown === 'function') teardown()
      else if (teardown && 'unsubscribe' in teardown) teardown.unsubscribe()
      throw new QueueLinkError(
        'a sink takes one source; merge() the sources, or make a sink for each',
        'ERR_SINK_TAKEN',
      )
    }
    super.add(teardown)
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

/**
 * Observable.subscribe adds the teardown of its source once; operators add themselves and their inner subscriptions, and
 * users what they like. Only the stack tells these apart; where it does not (a bundle), a second source goes unnoticed.
 */
function isSource(teardown: unknown, sink: Subscriber<unknown>): boolean {
  if (teardown instanceof Subscriber && (teardown as unknown as { destination?: unknown }).destination === sink)
    return false
  const caller = new Error().stack?.split('\n')[3] ?? ''
  return /[\\/]rxjs[\\/].*[\\/]Observable\.js/.test(caller)
}
