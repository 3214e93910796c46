import { Entry } from '../../core/entry.js'
import { unpackParcel } from '../../core/parcel-codec.js'
import { Deferred } from '../../util/deferred.js'
import { QUESTIONS } from './limits.js'
import type { Question, ToClient, ToHost } from './protocol.js'

interface Ask {
  readonly number: number
  readonly what: Question
  readonly parcel: Uint8Array | undefined
  /** What came so far of an answer in parts. */
  readonly parts: unknown[]
  readonly answer: Deferred<unknown>
}

type Answer = Extract<ToClient, { type: 'answer' }>
type Part = Extract<ToClient, { type: 'part' }>

/** What a client has asked its host and has not been answered yet; asked again when the connection was lost. */
export class Asks {
  readonly #send: (message: ToHost) => void
  readonly #asks = new Map<number, Ask>()
  #number = 0
  #out = 0
  /** The number of the latest that was sent. */
  #last = 0

  constructor(send: (message: ToHost) => void) {
    this.#send = send
  }

  get length(): number {
    return this.#asks.size
  }

  ask(what: Question, parcel?: Uint8Array): Promise<unknown> {
    const ask = { number: ++this.#number, what, parcel, parts: [], answer: new Deferred<unknown>() }
    this.#asks.set(ask.number, ask)
    if (this.#out < QUESTIONS) this.#put(ask)
    return ask.answer.promise
  }

  part({ number, parcel }: Part): void {
    for (const { value } of unpackParcel(parcel)) this.#asks.get(number)?.parts.push(value)
  }

  answered({ number, value, error }: Answer): void {
    const ask = this.#asks.get(number)
    if (!ask) return
    this.#asks.delete(number)
    this.#out--
    if (error === undefined) ask.answer.resolve(ask.what === 'clear' ? ask.parts : value)
    else ask.answer.reject(error)
    for (const next of this.#asks.values()) {
      if (this.#out >= QUESTIONS || this.#asks.size === this.#out) return
      if (next.number > this.#last) this.#put(next)
    }
  }

  /** Over a new connection. What was removed from the queue for an answer that never came is gone: that one is not asked again. */
  again(lost: Error): void {
    this.#out = 0
    this.#last = 0
    for (const ask of [...this.#asks.values()]) {
      if (ask.what === 'clear') {
        this.#asks.delete(ask.number)
        ask.answer.reject(lost)
      } else if (this.#out < QUESTIONS) this.#put(ask)
    }
  }

  abandon(error: Error): void {
    for (const { answer } of this.#asks.values()) answer.reject(error)
    this.#asks.clear()
  }

  #put({ number, what, parcel }: Ask): void {
    this.#out++
    this.#last = number
    this.#send({ type: 'ask', number, what, ...(parcel ? { parcel } : {}) })
  }
}

/** A dead letter for the host's dead-letter queue. */
export function letterEntry(item: unknown, headers: Record<string, string>): Entry<unknown> {
  return new Entry(item, Date.now(), 0, 0, headers)
}
