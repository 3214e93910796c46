import { closeSync, fstatSync, openSync } from 'node:fs'
import { libc } from '../../os/libc.js'

/** Pages behind the last one: where fewer than the first are left, there will be as many as the second. */
const LEAST = 32
const MOST = 128

/**
 * Keeps a data file longer than its head tells. Pages that a transaction takes and gives back are counted there and never written: without
 * this, a file that is whole could seem to have been cut short.
 */
export class TailRoom {
  readonly #file: string
  /** It was at least so long, and does not shrink. */
  #size = 0

  constructor(file: string) {
    this.#file = file
  }

  /** Before a transaction that may count more pages than these. As far as the disk has room; pages are never taken away. */
  keep(pages: number, pageSize: number): void {
    const least = (pages + LEAST) * pageSize
    if (this.#size >= least) return
    const fd = openSync(this.#file, 'r+')
    try {
      this.#size = fstatSync(fd).size
      if (this.#size >= least) return
      const more = (pages + MOST) * pageSize - this.#size
      if (libc().posix_fallocate?.(fd, this.#size, more) === 0) this.#size += more
    } finally {
      closeSync(fd)
    }
  }
}
