import { accessSync, constants, existsSync, mkdirSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { QueueLinkError } from '../../errors/queue-link-error.js'

/** Where one machine's locks and memory maps do not hold for another. From Linux's magic.h and its file systems. */
const NETWORK: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4266872130: 'SMB',
  4283649346: 'CIFS',
  1397113167: 'AFS',
  12805120: 'Ceph',
  198183888: 'Lustre',
  1196443219: 'GPFS',
  1937076805: 'Coda',
  18225520: 'GFS2',
  1952539503: 'OCFS2',
}

/** Throws ERR_NETWORK_FILE_SYSTEM for a file system whose files several machines share. */
export function checkFileSystem(path: string, type: number): void {
  const name = NETWORK[type >>> 0]
  if (!name) return
  const way = 'choose a local directory, or open the queue where its disk is and host it with hostQueue'
  throw new QueueLinkError(`${path} lies on ${name}, where locks do not hold: ${way}`, 'ERR_NETWORK_FILE_SYSTEM')
}

/**
 * Makes the directory of a queue, or checks the one that is there. Answers its device and inode: the same queue, whatever
 * its path.
 */
export function prepareDirectory(path: string): string {
  try {
    make(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    checkFileSystem(path, statfsSync(path).type)
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch (error) {
    throw asPathError(path, error)
  }
}

/** Not by Node's own way to make what is above as well: below /proc, where nothing can be made, that goes on for ever. */
function make(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  const above = dirname(path)
  if (!existsSync(above)) make(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another one may have made it at the same time.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/** What is in the directory; undefined: there is none. */
export function listDirectory(path: string): string[] | undefined {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asPathError(path, error)
  }
}

/** Bytes that can still be written to the file system of this path. */
export function bytesFree(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

export function asPathError(path: string, error: unknown): QueueLinkError {
  if (error instanceof QueueLinkError) return error
  const { code, message } = error as NodeJS.ErrnoException
  // lmdb has words, and no code.
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left on device/i.test(message)) return diskFull(path, error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const way = 'give this user the right to write there, or choose another directory'
    return new QueueLinkError(`${path} cannot be written (${code}): ${way}`, 'ERR_NOT_WRITABLE', { cause: error })
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    const way = 'choose another path'
    return new QueueLinkError(`${path} is not a directory: ${way}`, 'ERR_FOREIGN', { cause: error })
  }
  return new QueueLinkError(`${path} cannot be used: ${message}`, 'ERR_FILE', { cause: error })
}

export function diskFull(path: string, cause?: unknown): QueueLinkError {
  const way = 'make room there and put again; what is in the queue is safe'
  return new QueueLinkError(`the disk of ${path} is full: ${way}`, 'ERR_NO_SPACE', { cause })
}
