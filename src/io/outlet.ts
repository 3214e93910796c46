import { Entry } from '../core/entry.js'
import type { Gate } from '../core/inlet.js'
import { PutLine } from '../core/put-line.js'
import type { Intake } from '../core/store.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { timestamp } from '../util/clock.js'
import { Deferred } from '../util/deferred.js'
import type { Encode } from './framing.js'

/** Bytes that are accepted and not yet written; a single item may be larger. */
const LIMIT = 1024 * 1024
/** Bytes that are written without waiting for the end of the call that brings them. */
const ENOUGH = 64 * 1024

/** Where an outlet writes to. One call at a time; each callback comes later, never within its call. */
export interface Target {
  readonly name: string
  /** `lost` may be called at any time from then on: nothing more can be written. */
  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void
  /** Calls back when all of the chunk is written. */
  write(chunk: Buffer, written: (error?: unknown) => void): void
  /** Everything is written: ends the stream, or closes the file. */
  end(ended: (error?: unknown) => void): void
  /** As `end`, which stands in for it, but the source was left before its end. */
  leave?(left: (error?: unknown) => void): void
  /** Lets go without an orderly end. */
  destroy(destroyed: () => void): void
}

/** How the source ended: it completed, was unsubscribed from, or failed. */
export type Ending = 'end' | 'leave' | 'destroy'

/** An item, encoded in the call that brought it. */
class Encoded<T> extends Entry<T> {
  readonly encoded: string | Uint8Array

  constructor(value: T, encoded: string | Uint8Array, bytes: number) {
    super(value, timestamp(), 0, 0, undefined, undefined, bytes)
    this.encoded = encoded
  }
}

/** The way into a file, a stream or a pipe: a bounded buffer that is written out as soon as its input pauses. */
export class Outlet<T> implements Gate<T>, Intake<T> {
  readonly name: string
  readonly line: PutLine<T>
  readonly shut = false
  /** Of what the last `offer` took; stored when the target has written it. */
  ticket = 0
  refusals = 0
  /** Hears of a failure once everything that waited here has heard of it. */
  onFailure = (_error: unknown): void => {}
  readonly #target: Target
  readonly #encode: Encode<T>
  readonly #separator: string
  readonly #opened = new Deferred<void>()
  readonly #ended = new Deferred<void>()
  #text = ''
  readonly #parts: Uint8Array[] = []
  /** The ticket of the last item that was given to the target. */
  #sent = 0
  #waiting = 0
  #writing = 0
  #busy = true
  #scheduled = false
  #ending: Ending | undefined
  #failed = false
  #failure: unknown

  constructor(target: Target, encode: Encode<T>, separator: string) {
    this.name = target.name
    this.#target = target
    this.#encode = encode
    this.#separator = separator
    this.line = new PutLine<T>(this)
    this.#ended.promise.catch(() => {})
    target.open(
      error => {
        if (error !== undefined) this.#fail(error)
        else {
          this.#opened.resolve()
          this.#goOn()
        }
      },
      error => this.#fail(error),
    )
  }

  /** Resolves when the target is open; stays pending if it never is. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Resolves when the target has ended; rejects, after the target was let go, with what made it fail. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  assertOpen(): void {
    if (this.#failed) throw this.#failure
    if (this.#ending) throw new QueueLinkError(`${this.name} was ended; make a new sink`, 'ERR_SINK_ENDED')
  }

  entry(value: T): Entry<T> {
    const encoded = this.#encode(value)
    const bytes = typeof encoded === 'string' ? Buffer.byteLength(encoded) : encoded.byteLength
    return new Encoded(value, encoded, bytes + this.#separator.length)
  }

  offer(entries: readonly Entry<T>[]): boolean {
    let bytes = 0
    for (const entry of entries) bytes += entry.bytes
    const held = this.#waiting + this.#writing
    if (held > 0 && held + bytes > LIMIT) return false
    for (const entry of entries as readonly Encoded<T>[]) this.#add(entry.encoded)
    this.#waiting += bytes
    this.ticket++
    if (!this.#busy) {
      if (this.#waiting >= ENOUGH) this.#write()
      else this.#schedule()
    }
    return true
  }

  took(): void {}

  refused(): void {
    this.refusals++
  }

  /** Writes what was accepted, and what waits for room, and then ends the target or lets go of it. */
  finish(how: Ending): Promise<void> {
    if (!this.#ending) {
      this.#ending = how
      if (!this.#busy) this.#schedule()
    }
    return this.ended
  }

  #add(encoded: string | Uint8Array): void {
    if (typeof encoded === 'string') this.#text += encoded + this.#separator
    else {
      if (this.#text !== '') this.#parts.push(Buffer.from(this.#text))
      this.#parts.push(encoded)
      this.#text = this.#separator
    }
  }

  /** At the end of the call stack at the latest: a sink never holds out for more. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (!this.#busy) this.#goOn()
    })
  }

  #goOn(): void {
    this.#busy = false
    if (this.#failed) return
    this.line.flush()
    if (this.#busy) return
    if (this.ticket > this.#sent) this.#write()
    else if (this.#ending) this.#end(this.#ending)
  }

  #write(): void {
    this.#busy = true
    const chunk = this.#chunk()
    const upTo = this.ticket
    this.#sent = upTo
    this.#writing = this.#waiting
    this.#waiting = 0
    const written = (error?: unknown): void => {
      if (this.#failed) return
      if (error) {
        this.#fail(error)
        return
      }
      this.#writing = 0
      this.line.stored(upTo)
      this.#goOn()
    }
    // Items may be empty: there is nothing to write for those.
    if (chunk.length > 0) this.#target.write(chunk, written)
    else queueMicrotask(written)
  }

  #chunk(): Buffer {
    const text = Buffer.from(this.#text)
    this.#text = ''
    return this.#parts.length === 0 ? text : Buffer.concat([...this.#parts.splice(0), text])
  }

  #end(how: Ending): void {
    this.#busy = true
    const ended = (error?: unknown): void => {
      if (error) this.#fail(error)
      else this.#ended.resolve()
    }
    if (how === 'destroy') this.#target.destroy(ended)
    else if (how === 'leave' && this.#target.leave) this.#target.leave(ended)
    else this.#target.end(ended)
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#failure = error
    this.#text = ''
    this.#parts.length = 0
    this.line.abandon(error)
    this.line.refuse(error)
    this.onFailure(error)
    this.#target.destroy(() => this.#ended.reject(error))
  }
}
