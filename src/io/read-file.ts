import { close, constants, createReadStream, fstat, open, read, type Stats } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import { createGunzip } from 'node:zlib'
import type { Feed } from '../core/feed.js'
import { socketDescriptor } from '../os/socket-descriptor.js'
import { openFifo } from './fifo.js'
import type { Format } from './format.js'
import { decoderFor } from './framing.js'
import { fileError } from './io-error.js'
import { Pump } from './pump.js'
import { readStream } from './read-stream.js'

/** Bytes read at a time: chunks are items, and several of them are out at once; all else is quicker in bulk. */
const CHUNK = { bytes: 64 * 1024, lines: 256 * 1024, json: 256 * 1024, frames: 256 * 1024 }

/** Opens a file and reads it into a feed; one read at a time, and the file is closed as soon as its end was read. */
export class FileReader {
  readonly #path: string
  readonly #as: Format
  readonly #gzip: boolean
  readonly #feed: Feed<unknown>
  readonly #pump: Pump<unknown>
  #stop = (): void => {
    this.#stopped = true
  }
  #stopped = false
  #fd = -1
  #busy = true
  #position: number | null
  #buffer: Buffer | undefined

  constructor(path: string, as: Format, start: number, gzip: boolean, feed: Feed<unknown>) {
    this.#path = path
    this.#as = as
    this.#gzip = gzip
    this.#feed = feed
    this.#position = start
    this.#pump = new Pump(feed, decoderFor(as, start), () => this.#read())
    // Without O_NONBLOCK, opening a FIFO holds a thread of the pool until a writer comes; for a file it changes nothing.
    open(path, constants.O_RDONLY | constants.O_NONBLOCK, (error, fd) => (error ? this.#fail(error) : this.#opened(fd)))
  }

  /** Reads no more, and closes the file. */
  stop(): void {
    this.#stop()
  }

  abort(reason: unknown): void {
    this.#pump.abort(reason)
    this.#stop()
  }

  #opened(fd: number): void {
    this.#fd = fd
    fstat(fd, (error, stat) => {
      this.#busy = false
      this.#stop = () => {
        this.#stopped = true
        this.#pump.stop()
        if (!this.#busy) this.#close()
      }
      if (this.#stopped) this.#close()
      else if (error) this.#fail(error)
      else if (this.#gzip || stat.isFIFO() || isatty(fd)) this.#stream(fd, stat)
      else {
        if (stat.isFile()) this.#feed.resumable = true
        else this.#position = null
        this.#pump.start()
      }
    })
  }

  #stream(fd: number, stat: Stats): void {
    this.#fd = -1
    const stream = inputOf(fd, stat)
    const input = this.#gzip ? pipeline(stream, createGunzip({ chunkSize: CHUNK.bytes }), () => {}) : stream
    const pump = readStream(input, decoderFor(this.#as), this.#feed, {
      fail: cause => fileError('read', this.#path, cause),
    })
    this.#stop = () => {
      pump.stop()
      input.destroy()
      stream.destroy()
    }
  }

  #read(): void {
    const buffer = this.#buffer ?? Buffer.allocUnsafeSlow(CHUNK[this.#as])
    // Values are copied out of the buffer; chunks are the buffer.
    if (this.#as !== 'bytes') this.#buffer = buffer
    this.#busy = true
    read(this.#fd, buffer, 0, buffer.length, this.#position, (error, bytes) => {
      this.#busy = false
      if (this.#stopped) this.#close()
      else if (error) this.#fail(error)
      else if (bytes === 0) {
        this.#close()
        this.#pump.end()
      } else {
        if (this.#position !== null) this.#position += bytes
        this.#pump.write(buffer.subarray(0, bytes))
      }
    })
  }

  #fail(error: unknown): void {
    this.#close()
    this.#pump.end(fileError('read', this.#path, error))
  }

  #close(): void {
    const fd = this.#fd
    this.#fd = -1
    if (fd >= 0) close(fd)
  }
}

/** A pipe or a terminal can keep a read waiting: the event loop waits for those, not a thread of the pool. */
function inputOf(fd: number, stat: Stats): Readable {
  if (stat.isFIFO()) return openFifo(socketDescriptor(fd))
  return isatty(fd) ? new ReadStream(socketDescriptor(fd)) : createReadStream('', { fd })
}
