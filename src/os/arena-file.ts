import { closeSync, fstatSync, readSync, type Stats, statSync } from 'node:fs'
import { QueueExistsError } from '../errors/queue-exists-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { QueueNotFoundError } from '../errors/queue-not-found-error.js'
import { crypto } from '../util/crypto.js'
import { type ArenaHeader, type ArenaKind, BODY_AT, decodeHeader, encodeHeader, SLOTS } from './arena-header.js'
import { Life } from './life.js'
import { createOwnFile, openOwnFile, type Publication } from './own-file.js'

/** Held, as a sign of life, by who puts a new file in the place of a useless one. */
const REPLACING = SLOTS
/** Replacing a file takes milliseconds: who takes longer, in ms, is stopped. */
const PATIENCE = 500
const pillow = new Int32Array(new SharedArrayBuffer(4))

export interface ArenaOptions extends ArenaKind {
  readonly path: string
  /** What messages call it: `the queue "orders"`. */
  readonly what: string
  /** `open`: made if it is not there. `create`: must not be there (QueueExistsError). `attach`: must be there (QueueNotFoundError). */
  readonly mode: 'open' | 'create' | 'attach'
  /** Of a new one: the kind's own numbers, and the size of its body, which begins as zeros. */
  readonly numbers: readonly number[]
  readonly bodyBytes: number
  /**
   * What happens to a file that cannot be used: damaged (`ERR_DAMAGED`), not ours or of another kind (`ERR_FOREIGN`), of another
   * version (`ERR_LAYOUT`), or from before the last start of the system (`ERR_OTHER_BOOT`). `refuse`, the default, throws an error
   * with this code. `replace` makes a new one in its place, and throws if somebody uses it.
   */
  readonly useless?: 'refuse' | 'replace'
}

export interface ArenaFile {
  readonly fd: number
  readonly header: ArenaHeader
}

const REPLACEABLE = new Set(['ERR_DAMAGED', 'ERR_FOREIGN', 'ERR_LAYOUT', 'ERR_OTHER_BOOT'])

/** Undefined: there is none. */
export function findArenaFile(options: ArenaOptions): ArenaFile | undefined {
  for (;;) {
    const file = openOwnFile(options.path)
    if (!file) return undefined
    const { fd, found } = file
    try {
      const first = Buffer.alloc(Math.min(found.size, BODY_AT))
      const read = readSync(fd, first, 0, first.length, 0)
      return { fd, header: decodeHeader(options, first.subarray(0, read), found.size) }
    } catch (error) {
      const { code, message } = error as QueueLinkError
      const replaceable = options.useless === 'replace' && REPLACEABLE.has(code)
      if (replaceable && replace(options, fd)) continue
      closeSync(fd)
      if (!(error instanceof QueueLinkError)) throw error
      const way = replaceable ? 'but somebody uses it: end its users' : 'remove it or choose another name'
      throw new QueueLinkError(`${options.what} (${options.path}) cannot be used, since ${message}: ${way}`, code)
    }
  }
}

/** False: there is one. */
export function createArenaFile(options: ArenaOptions, publish: Publication = 'link'): boolean {
  const bytes = BODY_AT + options.bodyBytes
  const identity = crypto().randomBytes(8).toString('hex')
  const header = encodeHeader(options, { numbers: options.numbers, bytes, createdAt: Date.now(), identity })
  return createOwnFile(options.path, bytes, header, publish)
}

/** Answers a file that was there when it was opened. */
export function openArenaFile(options: ArenaOptions): ArenaFile {
  if (options.mode === 'create' && !createArenaFile(options))
    throw new QueueExistsError(`${options.what} is there already`)
  for (;;) {
    const found = findArenaFile(options)
    if (found) return found
    if (options.mode === 'attach') throw new QueueNotFoundError(`${options.what} is not there`)
    createArenaFile(options)
  }
}

/**
 * Opens the same file for signs of life. The one that is mapped cannot have them: a mapping that a terminated thread leaves keeps
 * its open file, and what is locked with it, for as long as the process lives. Undefined: the path leads to another file.
 */
export function openAgain(fd: number, path: string): number | undefined {
  const own = openOwnFile(path)
  if (!own || isSame(own.found, fstatSync(fd))) return own?.fd
  closeSync(own.fd)
  return undefined
}

/** Whether the path still leads to this file. */
export function isStillThere(fd: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false })
  return now !== undefined && isSame(now, fstatSync(fd))
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

/** False: it is in use. Several who find it useless at a time wait for one another, and replace it once. */
function replace(options: ArenaOptions, fd: number): boolean {
  const life = new Life(fd)
  if (life.probe(0, SLOTS)) return false
  for (let patience = PATIENCE; !life.claim(REPLACING); patience--) {
    if (patience === 0) return false
    Atomics.wait(pillow, 0, 0, 1)
  }
  if (isStillThere(fd, options.path)) createArenaFile(options, 'rename')
  closeSync(fd)
  return true
}
