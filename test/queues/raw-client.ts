import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { Entry } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'
import { type Message, RawEnd } from './raw-end.js'

/** A client of a hosted queue that says what it is told to say. */
export class RawClient extends RawEnd {
  #asked = 0

  constructor(path: string, token: string, client = randomBytes(16), version = 1) {
    super(connect(path))
    this.frame(Buffer.concat([Buffer.from('QLNK'), Buffer.of(version), client, Buffer.from(token)]))
  }

  want(items: number, seen = 0, o: { room?: boolean; rest?: boolean } = {}): void {
    this.say({ type: 'want', items, seen, room: false, rest: false, ...o })
  }

  /** Asks, and answers the answer with all that came before it. */
  async ask(what: string, o: object = {}): Promise<Message[]> {
    this.say({ type: 'ask', number: ++this.#asked, what, ...o })
    return this.upTo('answer')
  }
}

export function parcelOf(...values: readonly unknown[]): Uint8Array {
  return Uint8Array.from(packParcel(values.map(value => new Entry(value, Date.now()))).bytes)
}

export function putOf(number: number, ...values: readonly unknown[]): Message {
  return { type: 'put', number, parcel: parcelOf(...values), priority: 0, delay: 0 }
}
