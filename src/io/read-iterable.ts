import type { Feed } from '../core/feed.js'
import { ItemDecoder } from './item-decoder.js'
import { Pump } from './pump.js'

/** Pulls an iterator into a feed, one item at a time. */
export class IterableReader<T> {
  readonly #pump: Pump<T>
  readonly #make: () => Iterator<T> | AsyncIterator<T>
  #iterator: Iterator<T> | AsyncIterator<T> | undefined
  /** The iterator has ended or failed by itself. */
  #over = false

  constructor(make: () => Iterator<T> | AsyncIterator<T>, feed: Feed<T>) {
    this.#make = make
    this.#pump = new Pump(feed, new ItemDecoder<T>(), () => this.#pull())
    this.#pump.start()
  }

  stop(): void {
    this.#pump.stop()
    if (this.#over) return
    this.#over = true
    try {
      // Nobody is left to hear of a failure.
      Promise.resolve(this.#iterator?.return?.()).catch(() => {})
    } catch {}
  }

  #pull(): void {
    try {
      this.#iterator ??= this.#make()
      const next = this.#iterator.next()
      if (isPromise(next)) {
        next.then(
          result => this.#take(result),
          error => this.#fail(error),
        )
      } else this.#take(next)
    } catch (error) {
      this.#fail(error)
    }
  }

  #take({ done, value }: IteratorResult<T>): void {
    if (done) {
      this.#over = true
      this.#pump.end()
    } else this.#pump.write(value as never)
  }

  #fail(error: unknown): void {
    this.#over = true
    // An iterator may fail with nothing, which is a failure nevertheless.
    this.#pump.end(error ?? new Error('the iterable failed and did not say why'))
  }
}

function isPromise<T>(next: IteratorResult<T> | Promise<IteratorResult<T>>): next is Promise<IteratorResult<T>> {
  return typeof (next as Promise<unknown>).then === 'function'
}
