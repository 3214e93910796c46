import { constants, createGzip } from 'node:zlib'
import { fileError } from './io-error.js'
import type { Target } from './outlet.js'

/**
 * Compresses what another target writes. Each chunk ends with a Z_SYNC_FLUSH, so that all that was written can be
 * decompressed, whatever becomes of the rest.
 */
export class GzipTarget implements Target {
  readonly name: string
  readonly #target: Target
  readonly #gzip = createGzip({ flush: constants.Z_SYNC_FLUSH, chunkSize: 64 * 1024 })
  readonly #packed: Buffer[] = []
  #whole = false

  constructor(target: Target) {
    this.name = target.name
    this.#target = target
    this.#gzip.on('data', part => this.#packed.push(part))
    // Told by the callbacks as well.
    this.#gzip.on('error', () => {})
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    this.#target.open(error => {
      this.#whole = error === undefined
      opened(error)
    }, lost)
  }

  write(chunk: Buffer, written: (error?: unknown) => void): void {
    this.#gzip.write(chunk, error => {
      if (error) written(fileError('compress', this.name, error))
      else this.#write(written)
    })
  }

  end(ended: (error?: unknown) => void): void {
    this.#finish(error => (error ? ended(error) : this.#target.end(ended)))
  }

  leave(left: (error?: unknown) => void): void {
    if (!this.#target.leave) this.end(left)
    else {
      this.#gzip.destroy()
      this.#target.leave(left)
    }
  }

  /** Where all that was accepted is written, it gets its proper end. */
  destroy(destroyed: () => void): void {
    const destroy = (): void => {
      this.#gzip.destroy()
      this.#target.destroy(destroyed)
    }
    if (this.#whole) this.#finish(destroy)
    else destroy()
  }

  #finish(finished: (error?: unknown) => void): void {
    this.#whole = false
    this.#gzip.once('end', () => this.#write(finished))
    this.#gzip.end()
  }

  #write(written: (error?: unknown) => void): void {
    this.#target.write(Buffer.concat(this.#packed.splice(0)), error => {
      if (error) this.#whole = false
      written(error)
    })
  }
}
