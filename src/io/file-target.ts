import { close, constants, fstat, open, stat, write } from 'node:fs'
import { Socket } from 'node:net'
import { clock } from '../util/clock.js'
import { cutAfterLastLine } from './cut.js'
import { fileError } from './io-error.js'
import type { Target } from './outlet.js'
import { StreamTarget } from './stream-target.js'

export type FileMode = 'replace' | 'append' | 'cut'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY } = constants
const FLAGS: Record<FileMode, number> = {
  replace: O_WRONLY | O_CREAT | O_TRUNC,
  append: O_WRONLY | O_CREAT | O_APPEND,
  cut: O_RDWR | O_CREAT | O_APPEND,
}
/** How often a FIFO is tried again that nobody reads, in ms. */
const READER_CHECK = 250

/** Writes to a file, one write at a time. A FIFO is written to once it has a reader. */
export class FileTarget implements Target {
  readonly name: string
  readonly #mode: FileMode
  #fd = -1
  /** What does the writing where the path leads to a pipe. */
  #pipe: StreamTarget | undefined
  #cancelRetry = (): void => {}

  constructor(path: string, mode: FileMode) {
    this.name = path
    this.#mode = mode
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    const failed = (error: unknown): void => opened(fileError('write to', this.name, error))
    // Without O_NONBLOCK, opening a FIFO holds a thread of the pool until a reader comes; for a file it changes nothing.
    open(this.name, FLAGS[this.#mode] | O_NONBLOCK, 0o666, (error, fd) => {
      if (error?.code === 'ENXIO') {
        stat(this.name, (_, stats) => {
          if (stats?.isFIFO()) this.#cancelRetry = clock.after(READER_CHECK, () => this.open(opened, lost))
          else failed(error)
        })
      } else if (error) failed(error)
      else {
        this.#fd = fd
        fstat(fd, (error, stats) => {
          if (error) failed(error)
          else if (stats.isFIFO()) {
            this.#fd = -1
            this.#pipe = new StreamTarget(new Socket({ fd, readable: false }), this.name)
            this.#pipe.open(opened, lost)
          } else if (this.#mode === 'cut') {
            cutAfterLastLine(fd, stats.size, error => (error ? failed(error) : opened()))
          } else opened()
        })
      }
    })
  }

  write(chunk: Buffer, written: (error?: unknown) => void): void {
    if (this.#pipe) {
      this.#pipe.write(chunk, written)
      return
    }
    write(this.#fd, chunk, 0, chunk.length, null, (error, bytes) => {
      if (error) written(fileError('write to', this.name, error))
      else if (bytes < chunk.length) this.write(chunk.subarray(bytes), written)
      else written()
    })
  }

  end(ended: (error?: unknown) => void): void {
    if (this.#pipe) this.#pipe.end(ended)
    else close(this.#fd, error => ended(error ? fileError('close', this.name, error) : undefined))
  }

  destroy(destroyed: () => void): void {
    this.#cancelRetry()
    if (this.#pipe) this.#pipe.destroy(destroyed)
    else if (this.#fd >= 0) close(this.#fd, () => destroyed())
    else queueMicrotask(destroyed)
  }
}
