import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { privateDirectory } from '../os/private-directory.js'

/** Where what runs can be found by `queuelink top`: a socket for each process, in a directory that is this user's alone. */
export function liveDirectory(): string {
  const path = join(privateDirectory(), 'top')
  mkdirSync(path, { mode: 0o700, recursive: true })
  return path
}
