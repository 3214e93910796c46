import { close, constants, fstat, open, read } from 'node:fs'
import { EMPTY } from './decoder.js'

/** Bytes before the position that are read again, to see that the file is still the one that was read. */
const KNOWN = 64

/** One of the files that a followed path has led to, and how far it was read. */
export class FollowedFile {
  readonly identity: string
  readonly #fd: number
  #position: number
  #known = EMPTY
  #reading = false
  #closed = false

  /** Opens what the path leads to now; `start` counts if the file is that long. */
  static open(path: string, start: number, opened: (error: unknown, file?: FollowedFile) => void): void {
    open(path, constants.O_RDONLY | constants.O_NONBLOCK, (error, fd) => {
      if (error) {
        opened(error)
        return
      }
      fstat(fd, { bigint: true }, (error, stats) => {
        if (!error && stats.isFile())
          opened(undefined, new FollowedFile(fd, identityOf(stats), stats.size >= start ? start : 0))
        else
          close(fd, () =>
            opened(error ?? Object.assign(new Error('only a regular file can be followed'), { code: 'ENOTSUP' })),
          )
      })
    })
  }

  private constructor(fd: number, identity: string, start: number) {
    this.#fd = fd
    this.identity = identity
    this.#position = start
  }

  /**
   * Reads on into the buffer; one call at a time. Answers what is new, nothing at the end of the file; `undefined` if the
   * file was cut or written anew: the next read begins at its beginning.
   */
  read(buffer: Buffer, done: (error: unknown, fresh?: Buffer) => void): void {
    const known = this.#known.length
    this.#reading = true
    read(this.#fd, buffer, 0, buffer.length, this.#position - known, (error, bytes) => {
      this.#reading = false
      if (this.#closed) close(this.#fd)
      if (error) done(error)
      else if (bytes < known || this.#known.compare(buffer, 0, known) !== 0) {
        this.#position = 0
        this.#known = EMPTY
        done(undefined)
      } else {
        if (bytes > known) this.#known = Buffer.from(buffer.subarray(Math.max(0, bytes - KNOWN), bytes))
        this.#position += bytes - known
        done(undefined, buffer.subarray(known, bytes))
      }
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#reading) close(this.#fd)
  }
}

/** Tells files apart, whatever they are called. */
export function identityOf(stats: { dev: bigint; ino: bigint }): string {
  return `${stats.dev}:${stats.ino}`
}
