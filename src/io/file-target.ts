import { close, constants, fdatasync, fstat, fsync, open, type Stats, stat, write } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { CodecError } from '../errors/codec-error.js'
import { socketDescriptor } from '../os/socket-descriptor.js'
import { clock } from '../util/clock.js'
import { fileError } from './io-error.js'
import type { Target } from './outlet.js'
import { StreamTarget } from './stream-target.js'
import { syncDirectory } from './sync-directory.js'

/** Takes away what a crash left half written at the end of an open file of this size. */
export type Cut = (fd: number, size: number, done: (error: Error | null) => void) => void

export interface FileTargetOptions {
  /** Keeps what the file holds, and writes after it; `new` fails if there is such a file. It is replaced by default. */
  keep?: boolean | 'new'
  /** Keeps what the file holds, but for what this cuts off. */
  cut?: Cut | undefined
  /** Calls back when what was written, and the name of the file, is on disk. Pipes and devices have no such thing. */
  sync?: boolean
  /** For errors, where it is not the path. */
  name?: string
}

const { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR, O_TRUNC, O_WRONLY } = constants
/** How often a FIFO is tried again that nobody reads, in ms. */
const READER_CHECK = 250

/** Writes to a file, one write at a time. A FIFO is written to once it has a reader. */
export class FileTarget implements Target {
  readonly name: string
  readonly #path: string
  readonly #o: FileTargetOptions
  #fd = -1
  #syncs = false
  /** What does the writing where the path leads to a pipe. */
  #pipe: StreamTarget | undefined
  #cancelRetry = (): void => {}

  constructor(path: string, o: FileTargetOptions = {}) {
    this.name = o.name ?? path
    this.#path = path
    this.#o = o
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    const failed = (error: unknown): void => opened(this.#error('write to', error))
    // Without O_NONBLOCK, opening a FIFO holds a thread of the pool until a reader comes; for a file it changes nothing.
    open(this.#path, this.#flags() | O_NONBLOCK, 0o666, (error, fd) => {
      if (error?.code === 'ENXIO') {
        stat(this.#path, (_, stats) => {
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
            this.#pipe = new StreamTarget(new Socket({ fd: socketDescriptor(fd), readable: false }), this.name)
            this.#pipe.open(opened, lost)
          } else this.#prepare(stats, error => (error ? failed(error) : opened()))
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
      if (error) written(this.#error('write to', error))
      else if (bytes < chunk.length) this.write(chunk.subarray(bytes), written)
      else if (this.#syncs) fdatasync(this.#fd, error => written(error ? this.#error('sync', error) : undefined))
      else written()
    })
  }

  end(ended: (error?: unknown) => void): void {
    if (this.#pipe) {
      this.#pipe.end(ended)
      return
    }
    const fd = this.#fd
    this.#fd = -1
    close(fd, error => ended(error ? this.#error('close', error) : undefined))
  }

  destroy(destroyed: () => void): void {
    this.#cancelRetry()
    if (this.#pipe) this.#pipe.destroy(destroyed)
    else if (this.#fd >= 0) this.end(() => destroyed())
    else queueMicrotask(destroyed)
  }

  /** Puts everything that was written on disk, size and times included. */
  flush(flushed: (error?: unknown) => void): void {
    fsync(this.#fd, error => flushed(error ? this.#error('sync', error) : undefined))
  }

  #flags(): number {
    const { keep, cut } = this.#o
    if (cut) return O_RDWR | O_CREAT | O_APPEND
    if (keep === 'new') return O_WRONLY | O_CREAT | O_EXCL
    return O_WRONLY | O_CREAT | (keep ? O_APPEND : O_TRUNC)
  }

  #prepare(stats: Stats, done: (error?: Error | null) => void): void {
    const { cut, sync } = this.#o
    if (!stats.isFile()) {
      done()
      return
    }
    this.#syncs = sync ?? false
    const synced = (error?: Error | null): void => {
      // A file that was made just now is not there after a power loss unless its directory was synced.
      if (error || !sync) done(error)
      else syncDirectory(dirname(this.#path), done)
    }
    if (cut) cut(this.#fd, stats.size, synced)
    else synced()
  }

  #error(doing: string, cause: unknown): unknown {
    return cause instanceof CodecError ? cause : fileError(doing, this.name, cause)
  }
}
