import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { RootDatabase, Database as Table } from 'lmdb'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import { checkDataFile, unusable } from './check-data-file.js'
import type { Durability } from './durable-options.js'
import { asPathError, bytesFree, diskFull } from './file-system.js'
import { LAYOUT } from './layout.js'
import { decodeMeta, encodeMeta, type Meta, newMeta } from './meta.js'
import { reserveLockFile } from './reserve-lock-file.js'
import { TailRoom } from './tail-room.js'

export type BytesTable = Table<Buffer, Buffer>

const META = Buffer.from('meta')
/** Less than this is no room for a transaction. */
const ROOM = 256 * 1024
/** The two that a data file begins with, and those that tell which are free. */
const HEAD_PAGES = 4
const BINARY = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const

/** An lmdb environment with the tables of one queue. See layout.ts. */
export class DataFile {
  readonly file: string
  readonly durability: Durability
  readonly items: BytesTable
  readonly delayed: BytesTable
  readonly done: BytesTable
  readonly keys: BytesTable
  readonly expiry: BytesTable
  readonly clients: BytesTable
  readonly payloads: BytesTable
  readonly damaged: BytesTable
  readonly #directory: string
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #tail: TailRoom
  #closed: Promise<void> | undefined

  constructor(directory: string, name: string, durability: Durability, isNew: boolean) {
    this.#directory = directory
    this.file = join(directory, name)
    this.durability = durability
    this.#tail = new TailRoom(this.file)
    if (!isNew) checkDataFile(this.file)
    try {
      reserveLockFile(`${this.file}-lock`)
      this.#root = library().open<Buffer, Buffer>({
        ...BINARY,
        path: this.file,
        noSubdir: true,
        // Where lmdb gathers writes by itself, it makes promises that nobody can hold: a failed commit would end the process.
        eventTurnBatching: false,
        // What is visible is on disk.
        overlappingSync: false,
        noSync: durability === 'async',
        maxReaders: 1024,
      })
      const table = (tableName: string): BytesTable => this.#root.openDB<Buffer, Buffer>({ ...BINARY, name: tableName })
      // Tables and meta are made in one transaction: a file without meta is empty, or another's.
      const made = this.#root.transactionSync(() => {
        if (this.#entries() === 0) this.meta = newMeta()
        else this.#assertOurs()
        return {
          items: table('items'),
          delayed: table('delayed'),
          done: table('done'),
          keys: table('keys'),
          expiry: table('expiry'),
          clients: table('clients'),
          payloads: table('payloads'),
          damaged: table('damaged'),
        }
      })
      this.items = made.items
      this.delayed = made.delayed
      this.done = made.done
      this.keys = made.keys
      this.expiry = made.expiry
      this.clients = made.clients
      this.payloads = made.payloads
      this.damaged = made.damaged
    } catch (error) {
      throw this.#asOpenError(error)
    }
  }

  /** As of now: what was read before may be older. */
  refresh(): void {
    this.#root.resetReadTxn()
  }

  /** Forgets the reading transactions of processes that have died. */
  forgetReaders(): void {
    this.#root.readerCheck()
  }

  /** Of the last transaction that was committed, or, in one, of its own. */
  get meta(): Meta {
    return decodeMeta(this.#root.get(META) as Buffer) as Meta
  }

  /** In a transaction. */
  set meta(meta: Meta) {
    // A number of our own: that of lmdb begins anew in a compacted file.
    meta.transaction++
    this.#root.put(META, encodeMeta(meta))
  }

  /** Runs the work in a transaction that others of this process may share; resolves when that is committed. */
  async commit(work: () => void): Promise<void> {
    try {
      // A transaction within: work that throws on its way changes nothing.
      await this.#root.childTransaction(() => {
        this.#keepTail()
        work()
      })
    } catch (error) {
      // Nobody else hears of this one, and what nobody hears of ends the process.
      const { commitError } = error as { commitError?: Promise<unknown> }
      const cause = commitError ? await commitError.catch(reason => reason) : error
      throw this.#asCommitError(cause)
    }
  }

  /** As `commit`, at once. */
  commitNow(work: () => void): void {
    try {
      this.#root.transactionSync(() => {
        this.#keepTail()
        work()
      })
    } catch (error) {
      throw this.#asCommitError(error)
    }
  }

  /** Bytes of the data file, and how many of them hold anything. */
  get space(): { bytes: number; used: number } {
    const root = pagesOf(this.#root)
    const tables = [
      this.items,
      this.delayed,
      this.done,
      this.keys,
      this.expiry,
      this.clients,
      this.payloads,
      this.damaged,
    ]
    const used = tables.reduce((sum, table) => sum + pagesOf(table).used, root.used + HEAD_PAGES)
    return { bytes: (root.last + 1) * root.size, used: used * root.size }
  }

  /** Whether so many bytes can be stored: on the disk, or in what is free in the file. Only an estimate. */
  hasRoomFor(bytes: number): boolean {
    const needed = 2 * bytes + ROOM
    const free = bytesFree(this.#directory)
    if (free >= needed) return true
    const { bytes: all, used } = this.space
    return free + all - used >= needed
  }

  /** Writes a copy without free pages. */
  copyTo(file: string): Promise<void> {
    return this.#root.backup(file, true)
  }

  full(): QueueLinkError {
    return diskFull(this.#directory)
  }

  close(): Promise<void> {
    this.#closed ??= this.#root.close()
    return this.#closed
  }

  #keepTail(): void {
    const { last, size } = pagesOf(this.#root)
    this.#tail.keep(last + 1, size)
  }

  #entries(): number {
    return (this.#root.getStats() as Stats).entryCount
  }

  #assertOurs(): void {
    const meta = decodeMeta(this.#root.get(META))
    if (meta === undefined) throw unusable(this.file, 'is no data file of a queue', 'ERR_FOREIGN')
    if (typeof meta !== 'number') return
    throw unusable(this.file, `has layout ${meta}, and this version reads layout ${LAYOUT}`, 'ERR_LAYOUT')
  }

  #asOpenError(error: unknown): QueueLinkError {
    if (error instanceof QueueLinkError) return error
    const { message, code } = error as { message: string; code?: unknown }
    if (typeof code === 'string') return asPathError(this.file, error)
    if (bytesFree(this.#directory) < ROOM) return diskFull(this.#directory, error)
    return unusable(this.file, `cannot be opened (${message})`, 'ERR_DAMAGED', error)
  }

  #asCommitError(error: unknown): QueueLinkError {
    if (error instanceof QueueLinkError) return error
    // lmdb says EIO where the disk is full.
    if (bytesFree(this.#directory) < ROOM) return diskFull(this.#directory, error)
    const { message } = error as Error
    return new QueueLinkError(`${this.file} cannot be written: ${message}`, 'ERR_FILE', { cause: error })
  }
}

/** What lmdb tells of a table, in pages. */
interface Stats {
  readonly pageSize: number
  readonly entryCount: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly lastPageNumber: number
}

function pagesOf(table: BytesTable): { size: number; used: number; last: number } {
  const stats = table.getStats() as Stats
  const used = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages
  return { size: stats.pageSize, used, last: stats.lastPageNumber }
}

let lmdb: typeof import('lmdb') | undefined

/** Loaded when the first durable queue is opened: it is native code. */
function library(): typeof import('lmdb') {
  lmdb ??= createRequire(import.meta.url)('lmdb') as typeof import('lmdb')
  return lmdb
}
