import { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'

/** Bytes posted and not yet read by the other thread, at most: `postMessage` alone would take anything. */
const CREDIT = 1024 * 1024

type Message = { readonly bytes: Uint8Array } | { readonly read: number }

/** A pipe of bytes between two threads, as a socket is one between processes. */
export class PortStream extends Duplex {
  readonly #port: MessagePort
  #out = 0
  #whenRead: (() => void) | undefined
  #unread = 0

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false })
    this.#port = port
    port.on('message', (message: Message) => this.#hear(message))
    port.on('close', () => this.destroy())
  }

  override _read(): void {
    if (this.#unread === 0) return
    this.#port.postMessage({ read: this.#unread })
    this.#unread = 0
  }

  override _write(chunk: Buffer, _encoding: string, written: (error?: Error | null) => void): void {
    this.#post(chunk, written)
  }

  override _writev(chunks: { chunk: Buffer }[], written: (error?: Error | null) => void): void {
    this.#post(Buffer.concat(chunks.map(({ chunk }) => chunk)), written)
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#port.close()
    destroyed(error)
  }

  #post(chunk: Buffer, written: () => void): void {
    // A copy of its own, so that the thread may have it: a chunk is often a part of a larger buffer that is used again.
    const bytes = new Uint8Array(chunk)
    this.#port.postMessage({ bytes }, [bytes.buffer])
    this.#out += bytes.length
    if (this.#out < CREDIT) written()
    else this.#whenRead = written
  }

  #hear(message: Message): void {
    if ('read' in message) {
      this.#out -= message.read
      const written = this.#whenRead
      if (!written || this.#out >= CREDIT) return
      this.#whenRead = undefined
      written()
    } else if ('bytes' in message) {
      const { buffer, byteOffset, length } = message.bytes
      this.#unread += length
      // `push` answers whether more is wanted; `_read` says so later if not.
      if (this.push(Buffer.from(buffer as ArrayBuffer, byteOffset, length))) this._read()
    }
  }
}
