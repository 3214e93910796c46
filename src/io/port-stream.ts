import { Duplex } from 'node:stream'

/** One end of a MessageChannel, which another thread may have. */
export type Port = InstanceType<typeof MessageChannel>['port1']

/** A MessagePort as a stream of bytes. How much is under way is the business of who writes. */
export class PortStream extends Duplex {
  readonly #port: Port

  constructor(port: Port) {
    super({ allowHalfOpen: false })
    this.#port = port
    port.on('message', (chunk: Uint8Array) => this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
    // What came before is read first.
    port.on('close', () => this.push(null))
    this.unref()
  }

  ref(): void {
    this.#port.ref()
  }

  unref(): void {
    this.#port.unref()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // A copy of its own, which can be handed over; buffers of Node share theirs.
    const copy = new Uint8Array(chunk)
    this.#port.postMessage(copy, [copy.buffer])
    done()
  }

  override _final(done: () => void): void {
    // Behind everything that was posted.
    this.#port.close()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close()
    done(error)
  }
}
