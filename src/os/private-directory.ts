import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { asSystemError } from './system-error.js'

const MEMORY = '/dev/shm'

/**
 * The directory, in memory where the system has one, that holds what this user's processes share by name: the same for all of them,
 * whatever started them, unless `QUEUELINK_DIR` names another. It is made if it is not there, and refused
 * (`ERR_UNSAFE_DIRECTORY`) if anybody else could have put something into it.
 */
export function privateDirectory(): string {
  const named = process.env.QUEUELINK_DIR
  const path = named || join(existsSync(MEMORY) ? MEMORY : tmpdir(), `queuelink-${process.getuid?.()}`)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asSystemError(`making the directory ${path}`, error)
  }
  const found = lstatSync(path)
  if (!found.isDirectory()) throw unsafe(path, 'it is not a directory')
  if (found.uid !== process.getuid?.()) throw unsafe(path, `it belongs to user ${found.uid}`)
  if ((found.mode & 0o077) !== 0)
    throw unsafe(path, `other users can enter it (mode ${(found.mode & 0o777).toString(8)})`)
  return path
}

/** What is in it. */
export function namesIn(directory: string): string[] {
  return readdirSync(directory)
}

function unsafe(path: string, why: string): QueueLinkError {
  const way = 'remove it, or give it to yourself alone (chmod 700), or name another by QUEUELINK_DIR'
  return new QueueLinkError(`the directory ${path} cannot be trusted, since ${why}: ${way}`, 'ERR_UNSAFE_DIRECTORY')
}
