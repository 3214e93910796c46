import type { Duplex } from 'node:stream'
import { decode, encode, encodeBehind } from '../../core/codec.js'
import { FRAME_LIMIT, Frames, HEADER } from '../../core/frames.js'
import { ITEM_SIZE, Reference, type SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { Ring } from '../../util/ring.js'

/** What the sender of values wants to know. */
export interface Sending {
  /** Encoded bytes of the whole message, spilled payloads included; called when it is written. */
  sized(bytes: number): void
  /** It cannot be encoded or spilled; nothing of it was sent. */
  refused(error: unknown): void
}

interface Outgoing {
  readonly message: { readonly values?: unknown[] }
  readonly sending: Sending | undefined
}

type Incoming<In> = In & { readonly values?: unknown[] }

/**
 * Length-prefixed frames of one MessagePack message each, in order, over a pipe. Values whose encoding is larger than
 * 64 KiB travel as references to spilled files; the other end resolves them before it passes the message on.
 */
export class Channel<In, Out extends object> {
  readonly #stream: Duplex
  readonly #spill: SpillDirectory
  readonly #onError: (error: unknown) => void
  #onMessage: (message: In) => void = () => {}
  readonly #out = new Ring<Outgoing>()
  readonly #in = new Ring<Incoming<In>>()
  readonly #frames = new Frames()
  #sending = false
  #receiving = false
  #broken = false
  #closed = false

  /** `onError` hears once of a pipe that failed, or of frames that mean nothing; then no more is received. */
  constructor(stream: Duplex, spill: SpillDirectory, onError: (error: unknown) => void) {
    this.#stream = stream
    this.#spill = spill
    this.#onError = onError
    stream.on('error', error => this.#fail(error))
  }

  /** Nothing is read before somebody hears it. */
  listen(onMessage: (message: In) => void): void {
    this.#onMessage = onMessage
    this.#stream.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Queued behind what was sent before. A message that cannot be encoded and that nobody waits for fails the channel. */
  send(message: Out, sending?: Sending): void {
    if (this.#closed) return
    this.#out.push({ message: message as Outgoing['message'], sending })
    this.#drain()
  }

  close(): void {
    this.#closed = true
    this.#out.clear()
    this.#in.clear()
    this.#stream.destroy()
  }

  // ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #drain(): void {
    while (!this.#sending && !this.#closed) {
      const next = this.#out.shift()
      if (!next) return
      try {
        const frame = encodeBehind(HEADER, next.message)
        const size = frame.length - HEADER
        if (size <= ITEM_SIZE || !next.message.values) this.#write(frame, next, size)
        else {
          this.#sending = true
          this.#spillLarge(next).then(
            () => this.#goOn(),
            error => {
              this.#refused(next, error)
              this.#goOn()
            },
          )
        }
      } catch (error) {
        this.#refused(next, error)
      }
    }
  }

  #refused({ sending }: Outgoing, error: unknown): void {
    if (this.#closed) return
    if (sending) sending.refused(error)
    else this.#fail(error)
  }

  /** The message is large: finds the values that are, and writes each of them to a file. */
  async #spillLarge(outgoing: Outgoing): Promise<void> {
    let total = 0
    const values: unknown[] = []
    try {
      for (const value of outgoing.message.values as unknown[]) {
        const payload = encode(value)
        total += payload.length
        values.push(payload.length > ITEM_SIZE ? await this.#spill.write(payload) : value)
      }
      if (this.#closed) throw new LinkError('the other end has gone', 'ERR_LINK_CLOSED')
      this.#write(encodeBehind(HEADER, { ...outgoing.message, values }), outgoing, total)
    } catch (error) {
      for (const value of values) if (value instanceof Reference) await this.#spill.drop(value)
      throw error
    }
  }

  /** The frame has room for its header. */
  #write(frame: Buffer, { sending }: Outgoing, total: number): void {
    const size = frame.length - HEADER
    if (size > FRAME_LIMIT) {
      throw new LinkError(`a frame of ${size} bytes is over the limit of ${FRAME_LIMIT}`, 'ERR_LINK_FRAME')
    }
    frame.writeUInt32BE(size)
    sending?.sized(total)
    if (this.#stream.write(frame)) return
    // What is not written yet waits here, where it can still be counted.
    this.#sending = true
    this.#stream.once('drain', () => this.#goOn())
  }

  #goOn(): void {
    this.#sending = this.#stream.writableNeedDrain
    this.#drain()
  }

  // ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #read(chunk: Buffer): void {
    if (this.#broken) return
    this.#frames.push(chunk)
    try {
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) this.#in.push(messageOf(frame))
    } catch (error) {
      this.#fail(error)
    }
    this.#deliver()
  }

  #deliver(): void {
    while (!this.#receiving && !this.#closed) {
      const message = this.#in.shift()
      if (!message) return
      const { values } = message
      if (!Array.isArray(values) || !values.some(value => value instanceof Reference)) {
        this.#onMessage(message)
        continue
      }
      this.#receiving = true
      this.#stream.pause()
      this.#resolve(values).then(
        values => {
          this.#receiving = false
          this.#stream.resume()
          if (!this.#closed) this.#onMessage({ ...message, values })
          this.#deliver()
        },
        error => this.#fail(error),
      )
    }
  }

  async #resolve(values: readonly unknown[]): Promise<unknown[]> {
    const resolved: unknown[] = []
    for (const value of values) {
      resolved.push(value instanceof Reference ? decode(await this.#spill.read(value)) : value)
    }
    return resolved
  }

  #fail(error: unknown): void {
    if (this.#broken || this.#closed) return
    this.#broken = true
    // Goes on reading, and ignores it, so that the end of the pipe is noticed.
    this.#stream.resume()
    this.#onError(error)
  }
}

function messageOf<In>(frame: Buffer): Incoming<In> {
  const message = decode(frame)
  if (typeof message === 'object' && message !== null && 'type' in message) return message as Incoming<In>
  throw new LinkError('a frame came that is no message; something else writes to the pipe', 'ERR_LINK_FRAME')
}
