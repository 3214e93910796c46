import { closeSync, constants, openSync, writeSync } from 'node:fs'

const TOKEN = Buffer.from([1])

/** Rings the doorbells of others. Keeps them open: most are rung again and again. */
export class Ringers {
  readonly #pathOf: (slot: number) => string
  readonly #fds = new Map<number, number>()

  constructor(pathOf: (slot: number) => string) {
    this.#pathOf = pathOf
  }

  /** False: nobody hears this one. Whoever is asleep, is on the way, or could not be reached for want of descriptors, hears it or looks by itself. */
  ring(slot: number): boolean {
    const known = this.#fds.get(slot)
    if (known !== undefined) {
      if (write(known)) return true
      // Its owner is gone; the slot may have another by now.
      this.forget(slot)
    }
    const fd = open(this.#pathOf(slot))
    if (fd === undefined) return false
    if (fd === OUT_OF_REACH) return true
    this.#fds.set(slot, fd)
    if (write(fd)) return true
    this.forget(slot)
    return false
  }

  forget(slot: number): void {
    const fd = this.#fds.get(slot)
    if (fd === undefined) return
    this.#fds.delete(slot)
    closeSync(fd)
  }

  close(): void {
    for (const slot of [...this.#fds.keys()]) this.forget(slot)
  }
}

const OUT_OF_REACH = -1

function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    // Without a reader, or removed by it.
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENXIO' || code === 'ENOENT' ? undefined : OUT_OF_REACH
  }
}

function write(fd: number): boolean {
  try {
    writeSync(fd, TOKEN)
    return true
  } catch (error) {
    // Full: more than enough rings are waiting to be heard.
    return (error as NodeJS.ErrnoException).code === 'EAGAIN'
  }
}
