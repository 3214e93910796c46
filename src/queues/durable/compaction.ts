import { existsSync, readdirSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import type { Arena } from '../../os/arena.js'
import { DataFile } from './data-file.js'
import { type Database, fileOf } from './database.js'
import { asPathError, listDirectory } from './file-system.js'
import type { Ledger } from './ledger.js'
import type { Section } from './section.js'
import { synced } from './synced.js'

/** A data file below this many bytes is left as it is … */
const SMALL = 16 * 1024 * 1024
/** … and so is one of which more than this is used. */
const SPARSE = 1 / 4
/** How often, in commits, it is looked. */
const LOOK = 128
/** How often those look who wait for another's compaction to end, and how long who cannot let others run, in ms. */
const PAUSE = 5
const PATIENCE = 1000
const pillow = new Int32Array(new SharedArrayBuffer(4))

const PRIMES = 3

const DATA = /^items-(\d+)\.mdb/

/**
 * Writes what a data file holds into a new one, which then counts: lmdb uses free pages again, but never gives them back. Meanwhile
 * nobody commits; who puts waits. Everybody goes over to the new file when they next look at the ledger.
 */
export class Compaction {
  readonly #db: Database
  readonly #ledger: Ledger
  readonly #arena: Arena
  readonly #section: () => Section
  #commits = 0
  /** Of the one that this handle is at. */
  #running: Promise<void> | undefined

  constructor(db: Database, ledger: Ledger, arena: Arena, section: () => Section) {
    this.#db = db
    this.#ledger = ledger
    this.#arena = arena
    this.#section = section
  }

  /** False: somebody compacts, or this handle has not gone over to the file that counts. */
  get mayCommit(): boolean {
    return this.#ledger.compacting < 0 && this.#ledger.generation === this.#db.generation
  }

  /** Resolves when commits may go on. */
  async over(): Promise<void> {
    for (;;) {
      this.follow()
      if (this.mayCommit) return
      await new Promise(resolve => setTimeout(resolve, PAUSE))
      this.#arena.reap()
    }
  }

  /** As `over`, in the call. False: it takes long, or is this thread's own. */
  overNow(): boolean {
    for (let waited = 0; ; waited += PAUSE) {
      this.follow()
      if (this.mayCommit) return true
      if (this.#db.isBeingCopied || waited >= PATIENCE) return false
      Atomics.wait(pillow, 0, 0, PAUSE)
      this.#arena.reap()
    }
  }

  /** Goes over to the file that counts. */
  follow(): void {
    for (;;) {
      const { compacting, generation } = this.#ledger
      if (compacting >= 0 || generation === this.#db.generation) return
      if (!existsSync(join(this.#db.directory, fileOf(generation)))) return
      try {
        this.#db.switchTo(generation)
      } catch (error) {
        // The next one may count by now, and this one be gone.
        if (generation === this.#ledger.generation) throw error
      }
    }
  }

  /** Something was removed: looks, now and then, whether it is worth while. */
  async consider(): Promise<void> {
    if (++this.#commits % LOOK !== 0 && this.#ledger.held > 0) return
    const { bytes, used } = this.#db.space
    if (bytes < SMALL || used > bytes * SPARSE || !this.mayCommit) return
    await this.run().catch(() => {})
  }

  /** Rejects with ERR_BUSY if somebody else is at it. */
  run(): Promise<void> {
    if (this.#running) return Promise.reject(busy())
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Resolves when this handle is not at it, or no more. */
  async done(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #run(): Promise<void> {
    const began = await this.#section().eventually(() => {
      if (this.#ledger.compacting >= 0) return false
      this.#ledger.compacting = this.#arena.slot
      return true
    })
    if (!began) throw busy()
    const generation = this.#ledger.generation + 1
    this.#db.isBeingCopied = true
    try {
      this.#db.switchTo(this.#ledger.generation)
      // Transactions that began before the mark was set are over when this one has its turn.
      await this.#db.commit(() => {})
      await this.#copy(generation)
    } catch (error) {
      // A copy that does not count must not be found: what comes now is not in it.
      try {
        removeFrom(this.#db.directory, generation)
      } finally {
        await this.#section().eventually(() => {
          this.#ledger.compacting = -1
        })
      }
      throw asPathError(this.#db.directory, error)
    } finally {
      this.#db.isBeingCopied = false
    }
    await this.#section().eventually(() => this.#count(generation))
    this.follow()
    removeBelow(this.#db.directory, generation)
  }

  /** Under the lock: who compacted is dead. The new file counts if it was complete. */
  inherit(): void {
    const generation = this.#ledger.generation + 1
    if (existsSync(join(this.#db.directory, fileOf(generation)))) this.#count(generation)
    else this.#ledger.compacting = -1
  }

  /** Under the lock, nobody else having the queue open: what is on disk counts. */
  settle(): void {
    this.#ledger.generation = this.#db.generation
    this.#ledger.compacting = -1
    removeBelow(this.#db.directory, this.#db.generation)
  }

  #count(generation: number): void {
    this.#ledger.generation = generation
    this.#ledger.compacting = -1
    this.#ledger.advance()
  }

  async #copy(generation: number): Promise<void> {
    const path = join(this.#db.directory, fileOf(generation))
    const draft = `${path}.new`
    await rm(draft, { force: true })
    await this.#db.copyTo(draft)
    await primed(this.#db.directory, `${fileOf(generation)}.new`)
    await synced(draft)
    await rename(draft, path)
    await synced(this.#db.directory)
  }
}

/**
 * lmdb ends the process when the first transaction of a copy frees many pages: there is no list of free ones yet that it could
 * add them to. A few small transactions make one.
 */
async function primed(directory: string, name: string): Promise<void> {
  const file = new DataFile(directory, name, 'async', false)
  for (let time = 0; time < PRIMES; time++) {
    await file.commit(() => {
      file.meta = { ...file.meta }
    })
  }
  await file.close()
  await rm(join(directory, `${name}-lock`), { force: true })
}

function busy(): QueueLinkError {
  return new QueueLinkError('the queue is being compacted already', 'ERR_BUSY')
}

function removeFrom(directory: string, generation: number): void {
  for (const name of listDirectory(directory) ?? []) {
    const [, found] = DATA.exec(name) ?? []
    if (found !== undefined && Number(found) >= generation) rmSync(join(directory, name), { force: true })
  }
}

/** Data files of earlier generations; who has one open goes on with it until it looks. */
function removeBelow(directory: string, generation: number): void {
  for (const name of readdirSync(directory)) {
    const [, found] = DATA.exec(name) ?? []
    const isOld = found !== undefined && (Number(found) < generation || name.endsWith('.new'))
    if (isOld) rmSync(join(directory, name), { force: true })
  }
}
