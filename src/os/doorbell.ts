import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { libc } from './libc.js'
import { removeFile } from './remove-file.js'
import { socketDescriptor } from './socket-descriptor.js'
import { asSystemError, systemError } from './system-error.js'

const EEXIST = 17

/**
 * Wakes this thread's event loop from other threads and processes: a FIFO of one waiter's own. Costs nothing while nobody rings,
 * holds no thread of the pool, and keeps the process alive only after `ref`.
 */
export class Doorbell {
  readonly #path: string
  readonly #socket: Socket

  /** Takes the place of what a dead owner left at this path. */
  constructor(path: string, rung: () => void) {
    this.#path = path
    const fd = socketDescriptor(make(path))
    // Many rings that come together are one.
    const buffer = Buffer.allocUnsafe(4096)
    const callback = (): boolean => {
      rung()
      return true
    }
    this.#socket = new Socket({ fd, writable: false, onread: { buffer, callback } } as never)
    this.#socket.unref()
  }

  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }

  close(): void {
    this.#socket.destroy()
    removeFile(this.#path)
  }
}

/** Open for writing too: a reader alone would see the end of the file whenever the last ringer leaves. */
function make(path: string): number {
  const { mkfifo, errno } = libc()
  for (;;) {
    removeFile(path)
    if (mkfifo(path, 0o600) !== 0) {
      const why = errno()
      if (why === EEXIST) continue
      throw systemError(`making the bell ${path}`, why)
    }
    try {
      return openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    } catch (error) {
      // Swept, since this process was stopped in between.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asSystemError(`opening the bell ${path}`, error)
    }
  }
}
