import { unlinkSync } from 'node:fs'
import { asSystemError } from './system-error.js'

/** Of a file or a FIFO: it is well if it was removed before. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asSystemError(`removing ${path}`, error)
  }
}
