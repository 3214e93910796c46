import type { Socket } from 'node:net'
import { decode, encode } from '#src/core/codec'

export type Message = { readonly type: string } & Record<string, unknown>

/** One end of a connection between a client and a host: it says what it is told to say, frame by frame. */
export class RawEnd {
  readonly socket: Socket
  /** What the client that came began with; only where the other end is one. */
  hello: Buffer | undefined
  /** Frames that came, without the hello. */
  frames = 0
  readonly #greets: boolean
  #heard: Message[] = []
  #bytes = Buffer.alloc(0)
  #wake = (): void => {}

  /** `greets`: the other end says hello first. */
  constructor(socket: Socket, greets = false) {
    this.socket = socket
    this.#greets = greets
    socket.on('error', () => {})
    socket.on('data', bytes => this.#hear(bytes))
    socket.on('close', () => this.#wake())
  }

  /** In one frame. */
  say(...messages: readonly Message[]): void {
    this.frame(encode(messages))
  }

  frame(body: Uint8Array): void {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    this.socket.write(Buffer.concat([head, body]))
  }

  /** The next message of this type; those before it are passed over. */
  async next(type: string): Promise<Message> {
    return (await this.upTo(type)).at(-1) as Message
  }

  /** What comes up to the next message of this type, which is the last one. */
  async upTo(type: string): Promise<Message[]> {
    let end = -1
    await this.#when(() => {
      end = this.#heard.findIndex(message => message.type === type)
      return end >= 0
    }, type)
    return this.#heard.splice(0, end + 1)
  }

  async greeted(): Promise<Buffer> {
    await this.#when(() => this.hello !== undefined, 'hello')
    return this.hello as Buffer
  }

  /** Until the other end has let go of the connection; what it said that was not asked for yet. */
  async closed(): Promise<Message[]> {
    if (!this.socket.closed) await new Promise(resolve => this.socket.once('close', resolve))
    return this.#heard
  }

  async leave(): Promise<void> {
    this.socket.end()
    await this.closed()
  }

  async #when(holds: () => boolean, what: string): Promise<void> {
    while (!holds()) {
      if (this.socket.closed) throw new Error(`the connection ended before there was a message of type ${what}`)
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
  }

  #hear(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0)) {
      const end = 4 + this.#bytes.readUInt32BE(0)
      const body = this.#bytes.subarray(4, end)
      this.#bytes = this.#bytes.subarray(end)
      if (this.#greets && !this.hello) this.hello = body
      else {
        this.frames++
        this.#heard.push(...(decode(body) as Message[]))
      }
    }
    this.#wake()
  }
}
