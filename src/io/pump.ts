import type { Feed } from '../core/feed.js'
import { type Decoder, NONE } from './decoder.js'

/** Values pushed, and milliseconds spent, before the event loop has its turn. */
const SLICE = 1024
const SLICE_MS = 5
const LOOK_AT_CLOCK = 63

type State = 'ready' | 'hungry' | 'full' | 'resting' | 'over'

/** Moves what a decoder makes of its input into a feed, and asks for more input only when all of it has gone in. */
export class Pump<T> {
  readonly #feed: Feed<T>
  readonly #decoder: Decoder<T>
  readonly #more: () => void
  #state: State = 'hungry'
  #running = false
  #flushed = false
  #end: { error?: unknown } | undefined
  #cancel = (): void => {}

  /** `more` is answered by one call of `write`, `flush` or `end`, at once or later. */
  constructor(feed: Feed<T>, decoder: Decoder<T>, more: () => void) {
    this.#feed = feed
    this.#decoder = decoder
    this.#more = more
  }

  start(): void {
    this.#wake('hungry')
  }

  /** The chunk may be used again when `more` is called. */
  write(chunk: Buffer): void {
    this.#decoder.write(chunk)
    this.#wake('hungry')
  }

  /** This input is over, another one follows: what is left over is a value. Answered by `more`, as `write` is. */
  flush(): void {
    this.#decoder.end()
    this.#wake('hungry')
  }

  /** The input is over. With an error, what was decoded before still goes in, but not half a value. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error }
    this.#wake('hungry')
  }

  /** Ends the subscription now; what is out with it can still be settled. */
  abort(reason: unknown): void {
    this.stop()
    for (const reader of [...this.#feed.mailbox.audience]) reader.end(reason)
    this.#feed.end(reason)
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#state = 'over'
    this.#cancel()
  }

  #run(): void {
    if (this.#running || this.#state !== 'ready') return
    this.#running = true
    const until = performance.now() + SLICE_MS
    let count = 0
    try {
      while (this.#state === 'ready') {
        if (count === SLICE || ((count & LOOK_AT_CLOCK) === LOOK_AT_CLOCK && performance.now() > until)) this.#rest()
        else if (this.#feed.isFull) this.#wait()
        else if (this.#pass()) count++
      }
    } catch (error) {
      this.#finish(error)
    } finally {
      this.#running = false
    }
  }

  /** True: a value went in. */
  #pass(): boolean {
    const value = this.#decoder.next()
    if (value !== NONE) {
      this.#feed.push(value, this.#decoder.taken)
      return true
    }
    if (!this.#end) {
      this.#state = 'hungry'
      this.#more()
    } else if (this.#flushed || this.#end.error !== undefined) this.#finish(this.#end.error)
    else {
      this.#flushed = true
      this.#decoder.end()
    }
    return false
  }

  #wait(): void {
    this.#state = 'full'
    this.#cancel = this.#feed.whenRoom(() => this.#wake('full'))
  }

  #rest(): void {
    this.#state = 'resting'
    const turn = setImmediate(() => this.#wake('resting'))
    this.#cancel = () => clearImmediate(turn)
  }

  #wake(from: State): void {
    if (this.#state !== from) return
    this.#state = 'ready'
    this.#run()
  }

  #finish(error?: unknown): void {
    this.stop()
    this.#feed.end(error)
  }
}
