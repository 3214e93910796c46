import { randomBytes } from 'node:crypto'
import { realpath, rename, stat, unlink } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FileTarget } from './file-target.js'
import { fileError } from './io-error.js'
import type { Target } from './outlet.js'
import { syncDirectory } from './sync-directory.js'

/** Writes a file beside the one of this name, and puts it in its place at the end; a symbolic link stays one. */
export class AtomicTarget implements Target {
  readonly name: string
  readonly #sync: boolean
  /** What is replaced. */
  #path: string
  #temporary = ''
  #file: FileTarget | undefined

  constructor(path: string, sync: boolean) {
    this.name = path
    this.#path = path
    this.#sync = sync
  }

  open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    const failed = (error: unknown): void => opened(fileError('replace', this.name, error))
    realpath(this.name, (error, path) => {
      if (error && error.code !== 'ENOENT') {
        failed(error)
        return
      }
      if (!error) this.#path = path
      stat(this.#path, (error, stats) => {
        if (!error && !stats.isFile()) failed(noFile(stats.isDirectory()))
        else if (error && error.code !== 'ENOENT') failed(error)
        else this.#open(opened, lost)
      })
    })
  }

  write(chunk: Buffer, written: (error?: unknown) => void): void {
    this.#file?.write(chunk, written)
  }

  /** On disk first, its name after it: a power loss leaves the old content or the new, never an empty file. */
  end(ended: (error?: unknown) => void): void {
    const file = this.#file as FileTarget
    const failed = (error: unknown): void => ended(fileError('replace', this.name, error))
    file.flush(error => {
      if (error) {
        ended(error)
        return
      }
      file.end(error => {
        if (error) ended(error)
        else
          rename(this.#temporary, this.#path, error => {
            if (error) failed(error)
            else syncDirectory(dirname(this.#path), error => (error ? failed(error) : ended()))
          })
      })
    })
  }

  /** What came is not all: the old content stays. */
  leave(left: () => void): void {
    this.destroy(left)
  }

  destroy(destroyed: () => void): void {
    if (!this.#file) queueMicrotask(destroyed)
    else this.#file.destroy(() => unlink(this.#temporary, () => destroyed()))
  }

  #open(opened: (error?: unknown) => void, lost: (error: unknown) => void): void {
    // In the same directory, since only within one file system can a file be renamed; short, since names have an end.
    const name = `.${basename(this.#path).slice(0, 40)}.${randomBytes(6).toString('hex')}.tmp`
    this.#temporary = join(dirname(this.#path), name)
    this.#file = new FileTarget(this.#temporary, { keep: 'new', sync: this.#sync, name: this.name })
    this.#file.open(opened, lost)
  }
}

function noFile(isDirectory: boolean): Error {
  if (isDirectory) return Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
  return new Error('only a regular file can be replaced; write to it without atomic')
}
