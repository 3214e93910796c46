import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { decode, encode } from '#src/core/codec'
import { Entry } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'

type Message = { readonly type: string } & Record<string, unknown>

/** A client of a hosted queue that says what it is told to say, frame by frame. */
export class RawClient {
  readonly #socket: Socket
  readonly #heard: Message[] = []
  #bytes = Buffer.alloc(0)
  #wake = (): void => {}

  constructor(path: string, token: string, client = randomBytes(16)) {
    this.#socket = connect(path)
    this.#socket.on('error', () => {})
    this.#socket.on('data', bytes => this.#hear(bytes))
    this.#frame(Buffer.concat([Buffer.from('QLNK\x01'), client, Buffer.from(token)]))
  }

  /** In one frame. */
  say(...messages: readonly Message[]): void {
    this.#frame(encode(messages))
  }

  /** The next message of this type; those before it are passed over. */
  async next(type: string): Promise<Message> {
    for (;;) {
      for (let message = this.#heard.shift(); message; message = this.#heard.shift()) {
        if (message.type === type) return message
      }
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
  }

  async leave(): Promise<void> {
    this.#socket.end()
    await once(this.#socket, 'close')
  }

  #frame(body: Uint8Array): void {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    this.#socket.write(Buffer.concat([head, body]))
  }

  #hear(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0)) {
      const end = 4 + this.#bytes.readUInt32BE(0)
      this.#heard.push(...(decode(this.#bytes.subarray(4, end)) as Message[]))
      this.#bytes = this.#bytes.subarray(end)
    }
    this.#wake()
  }
}

export function putOf(number: number, ...values: readonly unknown[]): Message {
  const parcel = packParcel(values.map(value => new Entry(value, Date.now()))).bytes
  return { type: 'put', number, parcel: Uint8Array.from(parcel), priority: 0, delay: 0 }
}
