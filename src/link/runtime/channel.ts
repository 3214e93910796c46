import type { Duplex } from 'node:stream'
import { decode, encode } from '../../core/codec.js'
import { ITEM_SIZE, Reference, type SpillDirectory } from '../../core/spill.js'
import { LinkError } from '../../errors/link-error.js'
import { Ring } from '../../util/ring.js'

/** Bytes of a frame, at most; larger payloads spill, so that one is never needed. */
export const FRAME_LIMIT = 8 * 1024 * 1024
const HEADER = 4

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
  readonly #onMessage: (message: In) => void
  readonly #onError: (error: unknown) => void
  readonly #out = new Ring<Outgoing>()
  readonly #in = new Ring<Incoming<In>>()
  readonly #chunks: Buffer[] = []
  #buffered = 0
  #sending = false
  #receiving = false
  #closed = false

  constructor(
    stream: Duplex,
    spill: SpillDirectory,
    onMessage: (message: In) => void,
    onError: (error: unknown) => void,
  ) {
    this.#stream = stream
    this.#spill = spill
    this.#onMessage = onMessage
    this.#onError = onError
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('error', error => this.#fail(error))
  }

  /** Everything said so far has been handed to the system. */
  get flushed(): boolean {
    return !this.#sending && this.#out.length === 0 && this.#stream.writableLength === 0
  }

  /** Queued behind what was sent before. */
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
        const bytes = encode(next.message)
        if (bytes.length <= ITEM_SIZE || !next.message.values) this.#write(bytes, next, bytes.length)
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
    if (sending) sending.refused(error)
    else this.#fail(error)
  }

  /** The message is large: finds the values that are, and writes each of them to a file. */
  async #spillLarge(outgoing: Outgoing): Promise<void> {
    let total = 0
    const values: unknown[] = []
    for (const value of outgoing.message.values as unknown[]) {
      const payload = encode(value)
      total += payload.length
      values.push(payload.length > ITEM_SIZE ? await this.#spill.write(payload) : value)
    }
    this.#write(encode({ ...outgoing.message, values }), outgoing, total)
  }

  #write(bytes: Buffer, { sending }: Outgoing, total: number): void {
    if (bytes.length > FRAME_LIMIT) {
      throw new LinkError(`a frame of ${bytes.length} bytes is over the limit of ${FRAME_LIMIT}`, 'ERR_LINK_FRAME')
    }
    if (this.#closed) return
    sending?.sized(total)
    const header = Buffer.allocUnsafe(HEADER)
    header.writeUInt32BE(bytes.length)
    this.#stream.cork()
    this.#stream.write(header)
    const more = this.#stream.write(bytes)
    this.#stream.uncork()
    if (more) return
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
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    try {
      for (let bytes = this.#frame(); bytes; bytes = this.#frame()) this.#in.push(decode(bytes) as Incoming<In>)
    } catch (error) {
      this.#fail(error)
    }
    this.#deliver()
  }

  /** The next whole frame, if it is there. Its length is checked before a byte of it is waited for. */
  #frame(): Buffer | undefined {
    if (this.#buffered < HEADER) return undefined
    const length = this.#head(HEADER).readUInt32BE(0)
    if (length > FRAME_LIMIT) {
      throw new LinkError(`a frame of ${length} bytes came; the limit is ${FRAME_LIMIT}`, 'ERR_LINK_FRAME')
    }
    if (this.#buffered < HEADER + length) return undefined
    const all = this.#head(HEADER + length)
    const rest = all.subarray(HEADER + length)
    this.#chunks.shift()
    if (rest.length > 0) this.#chunks.unshift(rest)
    this.#buffered -= HEADER + length
    return all.subarray(HEADER, HEADER + length)
  }

  /** Makes the first chunk hold at least so many bytes, of those that are there, and answers it. */
  #head(bytes: number): Buffer {
    let first = this.#chunks[0] as Buffer
    if (first.length >= bytes) return first
    let size = 0
    let count = 0
    while (size < bytes) size += (this.#chunks[count++] as Buffer).length
    first = Buffer.concat(this.#chunks.splice(0, count))
    this.#chunks.unshift(first)
    return first
  }

  #deliver(): void {
    while (!this.#receiving && !this.#closed) {
      const message = this.#in.shift()
      if (!message) return
      if (!message.values?.some(value => value instanceof Reference)) {
        this.#onMessage(message)
        continue
      }
      this.#receiving = true
      this.#stream.pause()
      this.#resolve(message.values).then(
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
    if (this.#closed) return
    this.close()
    this.#onError(error)
  }
}
