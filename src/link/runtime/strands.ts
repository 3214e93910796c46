import { Duplex } from 'node:stream'
import { FRAME_LIMIT, FRAME_ROOM, Frames, HEADER } from '../../core/frames.js'

/** Bytes that say whose a frame is. */
const NUMBER = 4

/**
 * Several pipes over one: what is written to a strand comes out of the strand of the same number at the other end. Who uses
 * them bounds what is under way: one that is not read holds up no other.
 */
export class Strands {
  readonly #stream: Duplex
  readonly #open = new Map<number, Strand>()
  readonly #known = new Set<number>()
  readonly #frames = new Frames(FRAME_LIMIT + FRAME_ROOM)

  constructor(stream: Duplex) {
    this.#stream = stream
    // One for each strand that waits.
    stream.setMaxListeners(0)
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('error', error => {
      for (const strand of this.#open.values()) strand.destroy(error)
    })
    stream.on('close', () => {
      // What has come is still to be read.
      for (const strand of this.#open.values()) strand.push(null)
    })
  }

  open(number: number): Duplex {
    return this.#open.get(number) ?? this.#begin(number)
  }

  #begin(number: number): Strand {
    const strand = new Strand(this.#stream, number, () => this.#open.delete(number))
    this.#known.add(number)
    this.#open.set(number, strand)
    return strand
  }

  #read(chunk: Buffer): void {
    this.#frames.push(chunk)
    for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) {
      const number = frame.readUInt32BE()
      // It may come before the word that opens it; one that has been closed is not read any more.
      const strand = this.#open.get(number) ?? (this.#known.has(number) ? undefined : this.#begin(number))
      strand?.push(frame.subarray(NUMBER))
    }
  }
}

class Strand extends Duplex {
  readonly #stream: Duplex
  readonly #number: number
  readonly #closed: () => void

  constructor(stream: Duplex, number: number, closed: () => void) {
    super({ allowHalfOpen: false })
    this.#stream = stream
    this.#number = number
    this.#closed = closed
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, written: (error?: Error | null) => void): void {
    const frame = Buffer.allocUnsafe(HEADER + NUMBER + chunk.length)
    frame.writeUInt32BE(NUMBER + chunk.length)
    frame.writeUInt32BE(this.#number, HEADER)
    chunk.copy(frame, HEADER + NUMBER)
    if (this.#stream.write(frame)) written()
    else this.#stream.once('drain', () => written())
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#closed()
    destroyed(error)
  }
}
