import { Entry } from '../../core/entry.js'
import type { Gate } from '../../core/inlet.js'
import { PutLine } from '../../core/put-line.js'
import { Sink } from '../../core/sink.js'
import type { Intake } from '../../core/store.js'
import { Deferred } from '../../util/deferred.js'
import { Ring } from '../../util/ring.js'
import type { DataFromChild, DataToChild } from '../protocol.js'
import { bufferOf, ON_THE_WAY, type SlowPolicy } from '../when-slow.js'
import type { Channel } from './channel.js'
import { Outbox, type Parcel } from './outbox.js'

/** Items sent to one destination and not stored there yet, at most. */
const WINDOW = 1024

interface Sent extends Parcel {
  readonly ticket: number
}

/** A destination of the parent's, seen from the child: stored means that the parent has said so. */
export class RemoteDestination implements Gate<unknown>, Intake<unknown> {
  readonly name: string
  readonly line = new PutLine<unknown>(this)
  readonly sink: Sink<unknown>
  readonly shut = false
  ticket = 0
  readonly #window: number
  readonly #out = new Ring<Sent>()
  readonly #outbox: Outbox<Sent>
  readonly #completed = new Deferred<void>()

  constructor(id: number, name: string, channel: Channel<DataToChild, DataFromChild>, policy: SlowPolicy) {
    this.name = name
    this.#window = bufferOf(policy) > 0 ? ON_THE_WAY : WINDOW
    this.#outbox = new Outbox(
      (parcels, sending) => {
        const values = parcels.map(parcel => parcel.value)
        channel.send({ type: 'put', id, ticket: (parcels.at(-1) as Sent).ticket, values }, sending)
      },
      (_parcel, error) => this.failed(error),
    )
    this.sink = new Sink(
      this,
      {},
      {
        complete: () => {
          channel.send({ type: 'complete', id })
          return this.#completed.promise
        },
      },
    )
  }

  offer(entries: readonly Entry<unknown>[]): boolean {
    if (this.#out.length + entries.length > this.#window) return false
    for (const { value } of entries) {
      const sent: Sent = { ticket: ++this.ticket, value, bytes: 0 }
      this.#out.push(sent)
      this.#outbox.push(sent)
    }
    return true
  }

  /** The parent has stored everything up to this ticket. */
  stored(ticket: number): void {
    for (let first = this.#out.peek(); first && first.ticket <= ticket; first = this.#out.peek()) {
      this.#out.shift()
      this.#outbox.settled(first)
    }
    this.line.stored(ticket)
    this.line.flush()
  }

  /** The destination can store nothing more: everything that waits for it fails. */
  failed(error: unknown): void {
    this.sink.fail(error)
    for (let first = this.#out.shift(); first; first = this.#out.shift()) this.line.failed(first.ticket, error)
    this.line.refuse(error)
  }

  completed(error?: unknown): void {
    if (error === undefined) this.#completed.resolve()
    else this.#completed.reject(error)
  }

  assertOpen(): void {}

  entry(value: unknown): Entry<unknown> {
    return new Entry(value, 0)
  }

  took(): void {}

  refused(): void {}
}
