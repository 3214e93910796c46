import process from 'node:process'
import { finished, type Writable } from 'node:stream'
import { clock } from '../util/clock.js'
import { streamError } from './io-error.js'
import type { Target } from './outlet.js'

const LONGEST_CLOSE = 1000

/** Writes to a stream, one chunk at a time, and ends it at the end; the process's own stdout and stderr stay open. */
export class StreamTarget implements Target {
  readonly name: string
  readonly #stream: Writable
  readonly #reason: Error | undefined
  #ending = false

  /** `reason`: what a stream is destroyed with that would take it for its orderly end otherwise. */
  constructor(stream: Writable, name: string, reason?: Error) {
    this.name = name
    this.#stream = stream
    this.#reason = reason
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    const stream = this.#stream
    // Stays for good: a stream may fail after its end, and an 'error' that nobody hears ends the process.
    stream.on('error', cause => {
      if (!this.#ending) lost(streamError('write to', this.name, cause))
    })
    stream.once('close', () => {
      if (!this.#ending) lost(this.#gone())
    })
    queueMicrotask(() => opened(stream.destroyed || stream.writableEnded ? this.#gone() : undefined))
  }

  write(chunk: Buffer, written: (error?: unknown) => void): void {
    this.#stream.write(chunk, cause => written(cause ? streamError('write to', this.name, cause) : undefined))
  }

  end(ended: (error?: unknown) => void): void {
    this.#ending = true
    if (this.#isStdio()) {
      queueMicrotask(ended)
      return
    }
    finished(this.#stream, { readable: false }, cause =>
      ended(cause ? streamError('end', this.name, cause) : undefined),
    )
    this.#stream.end()
  }

  destroy(destroyed: () => void): void {
    this.#ending = true
    const stream = this.#stream
    if (this.#isStdio() || stream.closed) {
      queueMicrotask(destroyed)
      return
    }
    // Some streams never tell that they are closed.
    const cancel = clock.after(LONGEST_CLOSE, destroyed)
    stream.once('close', () => {
      cancel()
      destroyed()
    })
    stream.destroy(this.#reason)
  }

  #isStdio(): boolean {
    return this.#stream === process.stdout || this.#stream === process.stderr
  }

  #gone(): Error {
    return streamError('write to', this.name, new Error('it is closed or ended already; its other end may have gone'))
  }
}
