import { closeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { libc } from './libc.js'

/**
 * The descriptor to give to a socket in the place of this one, which is closed. A socket closes what it was given without the
 * knowledge of `fs`: at the end of a worker thread, Node would close what `fs` has opened there once more, and by then the
 * number may be somebody else's. Where the system cannot be called, it answers the same one.
 */
export function socketDescriptor(fd: number): number {
  if (isMainThread) return fd
  const own = duplicate(fd)
  if (own < 0) return fd
  closeSync(fd)
  return own
}

function duplicate(fd: number): number {
  try {
    return libc().dup(fd)
  } catch {
    return -1
  }
}
