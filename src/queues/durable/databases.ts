import { realpathSync } from 'node:fs'
import { optionError } from '../../errors/option-error.js'
import { QueueExistsError } from '../../errors/queue-exists-error.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { QueueNotFoundError } from '../../errors/queue-not-found-error.js'
import { createDataFile } from './create-data-file.js'
import { Database } from './database.js'
import type { Durability, Mode } from './durable-options.js'
import { listDirectory, prepareDirectory } from './file-system.js'

/** A database that is open in this thread, and how many have it. */
interface Shared {
  readonly database: Database
  users: number
  closed: Promise<void> | undefined
}

/** By device and inode of their directory: lmdb must not be given one file twice. */
const shared = new Map<string, Shared>()

const FILE = /^items-(\d+)\.mdb$/
/** Everything that may lie in the directory of a queue. */
const OURS = /^(items-\d+\.mdb.*|leases.*|payloads)$/

export interface Opened {
  readonly database: Database
  release(): Promise<void>
}

/** Opens the data file in this directory; makes both if they are missing. */
export async function openDatabase(path: string, mode: Mode, durability: Durability): Promise<Opened> {
  const found = newestGeneration(path)
  if (found === undefined && mode === 'attach') throw new QueueNotFoundError(`there is no queue in ${path}`)
  if (found !== undefined && mode === 'create') throw exists(path)
  const identity = prepareDirectory(path)
  const isMade = found === undefined && (await createDataFile(path, durability))
  if (!isMade && mode === 'create') throw exists(path)
  await shared.get(identity)?.closed
  const known = shared.get(identity)
  if (known && known.database.durability !== durability && durability === 'sync') {
    throw optionError('durability', `'async', as this process has ${path} open already`, durability)
  }
  const one = known ?? open(realpathSync(path), durability)
  shared.set(identity, one)
  one.users++
  return {
    database: one.database,
    async release() {
      if (--one.users > 0) return
      one.closed = one.database.close()
      await one.closed
      if (shared.get(identity) === one) shared.delete(identity)
    },
  }
}

/** Of the data files in the directory; undefined: there is none. */
export function newestGeneration(path: string): number | undefined {
  const names = listDirectory(path) ?? []
  const generations = names.flatMap(name => FILE.exec(name)?.[1] ?? []).map(Number)
  if (generations.length > 0) return Math.max(...generations)
  const foreign = names.find(name => !OURS.test(name))
  if (foreign === undefined) return undefined
  const way = 'choose a directory that is empty or missing'
  throw new QueueLinkError(`${path} holds other things than a queue, such as ${foreign}: ${way}`, 'ERR_FOREIGN')
}

function open(path: string, durability: Durability): Shared {
  const newest = newestGeneration(path)
  if (newest === undefined) throw new QueueNotFoundError(`the queue in ${path} was removed on the way`)
  try {
    return { database: new Database(path, newest, durability), users: 0, closed: undefined }
  } catch (error) {
    // Compacted on the way: another file counts now.
    if (newestGeneration(path) === newest) throw error
    return open(path, durability)
  }
}

function exists(path: string): QueueExistsError {
  return new QueueExistsError(`there is a queue in ${path} already`)
}
