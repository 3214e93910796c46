import { closeSync, constants, fstatSync, linkSync, openSync, renameSync, type Stats, writeSync } from 'node:fs'
import process from 'node:process'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { crypto } from '../util/crypto.js'
import { libc } from './libc.js'
import { removeFile } from './remove-file.js'
import { sweep } from './sweep.js'
import { asSystemError, systemError } from './system-error.js'

const EINTR = 4
const ZEROS = 1 << 20

/**
 * Opens a file that is this user's alone, not through a symbolic link. Undefined if there is none; `ERR_UNSAFE_FILE` if
 * anybody else could have made or changed it.
 */
export function openOwnFile(path: string): { fd: number; found: Stats } | undefined {
  let fd: number
  try {
    // Not blocking: at a FIFO in its place the call would wait for a writer.
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') throw unsafe(path, 'it is a symbolic link')
    if (code === 'EISDIR' || code === 'ENXIO') throw unsafe(path, 'it is not a file')
    throw asSystemError(`opening ${path}`, error)
  }
  const found = fstatSync(fd)
  const why = doubt(found)
  if (!why) return { fd, found }
  closeSync(fd)
  throw unsafe(path, why)
}

function doubt(found: Stats): string | undefined {
  if (!found.isFile()) return 'it is not a file'
  if (found.uid !== process.getuid?.()) return `it belongs to user ${found.uid}`
  if ((found.mode & 0o077) !== 0) return `other users can open it (mode ${(found.mode & 0o777).toString(8)})`
  return undefined
}

/** How the new file gets its name. `'link'`: unless there is one; `'rename'`: in the place of the one that is there. */
export type Publication = 'link' | 'rename'

/**
 * Makes a file of so many bytes, zeros after these first ones, with blocks behind all of them: a full disk or memory is an error
 * here (`ERR_NO_SPACE`), and not the end of a process later. It is made under another name, so that nobody ever sees half of it.
 * False: there is one of that name.
 */
export function createOwnFile(path: string, bytes: number, first: Uint8Array, publish: Publication): boolean {
  for (;;) {
    sweep(path)
    const draft = `${path}.new-${process.pid}-${crypto().randomBytes(4).toString('hex')}`
    try {
      write(draft, bytes, first)
      if (publish === 'rename') renameSync(draft, path)
      else linkSync(draft, path)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return false
      // Swept by another: this process was stopped on the way.
      if (code === 'ENOENT' && (error as NodeJS.ErrnoException).syscall !== 'open') continue
      throw asSystemError(`creating ${path}`, error)
    } finally {
      removeFile(draft)
    }
  }
}

function write(draft: string, bytes: number, first: Uint8Array): void {
  const fd = openSync(draft, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    allocate(fd, bytes)
    writeSync(fd, first, 0, first.length, 0)
  } finally {
    closeSync(fd)
  }
}

function allocate(fd: number, bytes: number): void {
  const { posix_fallocate } = libc()
  if (posix_fallocate) {
    let errno: number
    do errno = posix_fallocate(fd, 0, bytes)
    while (errno === EINTR)
    if (errno !== 0) throw systemError(`making room for a queue of ${bytes} bytes`, errno)
    return
  }
  const zeros = Buffer.alloc(Math.min(bytes, ZEROS))
  for (let at = 0; at < bytes; at += zeros.length) writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), at)
}

function unsafe(path: string, why: string): QueueLinkError {
  return new QueueLinkError(
    `${path} cannot be trusted, since ${why}: remove it or choose another name`,
    'ERR_UNSAFE_FILE',
  )
}
