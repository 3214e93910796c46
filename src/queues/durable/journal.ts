import { QueueLinkError } from '../../errors/queue-link-error.js'
import { endSoon } from '../../os/end-soon.js'
import { clock } from '../../util/clock.js'
import { type Changes, Commit, type Move, type Place, type Put, type Task, type Work } from './commit.js'
import type { Database } from './database.js'
import { asPathError } from './file-system.js'
import type { Payloads } from './payloads.js'

/** How long after a failed commit what can wait is tried again, in ms. */
const AGAIN = 1000

/** Hears what becomes of what a journal was given. */
export interface JournalOwner {
  /** False: nothing may be committed now. Called in a transaction. */
  mayCommit(): boolean
  /** Waits, in the call, until that is over; false: it goes on. */
  allowedNow(): boolean
  /** Resolves when it is. */
  allowed(): Promise<void>
  /** In a transaction that is about to be committed. */
  departing(transaction: number, work: Work): void
  committed(work: Work, changes: Changes): void
  /** These puts will not be stored. */
  failed(puts: readonly Put[], error: unknown): void
}

/** A transaction that was written, and of which it is not known yet whether it is on disk. */
interface Flight {
  readonly work: Work
  readonly changes: Changes
  transaction: number
  isOver: boolean
}

/**
 * What one participant has to write: everything that comes in while one transaction is on its way to the disk shares the next
 * one. Puts that cannot be stored fail; what was settled stays settled, and is written when that is possible again.
 */
export class Journal {
  readonly #db: Database
  readonly #payloads: Payloads
  readonly #owner: JournalOwner
  readonly #keyTtl: number
  #puts: Put[] = []
  #settled: Place[] = []
  #moves: Move[] = []
  #tasks: Task[] = []
  #isRunning = false
  #whenIdle: (() => void)[] = []
  #flight: Flight | undefined
  /** A transaction may have begun, and waits to be told what is to be written. */
  #isAwaited = false
  #retry: NodeJS.Timeout | undefined

  constructor(db: Database, payloads: Payloads, keyTtl: number, owner: JournalOwner) {
    this.#db = db
    this.#payloads = payloads
    this.#keyTtl = keyTtl
    this.#owner = owner
  }

  put(put: Put): void {
    this.#puts.push(put)
    this.#start()
  }

  settle(place: Place): void {
    this.#settled.push(place)
    this.#start()
  }

  move(move: Move): void {
    this.#moves.push(move)
    this.#start()
  }

  /** Resolves when it is committed. */
  do(run: Task['run']): Promise<void> {
    return new Promise((committed, failed) => {
      this.#tasks.push({ run, committed, failed })
      this.#start()
    })
  }

  /** Resolves when everything so far is on disk, or cannot be written now. */
  async drain(): Promise<void> {
    if (this.#isRunning) await new Promise<void>(resolve => this.#whenIdle.push(resolve))
  }

  /** Writes everything before it returns, and throws if that cannot be done. */
  flush(): void {
    if (this.#isIdle() && !this.#flight) return
    let flight: Flight | undefined
    let failing = (): Put[] => this.#puts.splice(0)
    try {
      if (!this.#owner.allowedNow()) {
        // The others can wait.
        failing = () => this.#puts.splice(-1)
        throw new QueueLinkError('the queue is being compacted: put() waits until that is over', 'ERR_BUSY')
      }
      const unwritten = this.#unwritten()
      if (unwritten.length > 0) this.#payloads.writeNow(unwritten)
      this.#db.commitNow(() => {
        // Its transaction is over, though this thread has not been told; were it not there, it will be told that.
        const before = this.#flight
        if (before && this.#db.meta.transaction >= before.transaction) this.#arrived(before)
        this.#write(written => {
          flight = written
        })
      })
    } catch (error) {
      const failed = flight?.work.puts ?? failing()
      this.#owner.failed(failed, error)
      if (flight) this.#takeBack(flight.work, error)
      else this.#dropPayloadsOf(failed)
      throw error
    }
    if (flight) this.#arrived(flight)
  }

  /** The process ends: writes what it can. What was settled, and is not written, others write. */
  end(): void {
    try {
      this.flush()
    } catch {
      // Those who put are told, as far as anybody can listen now.
    }
  }

  /** As `end`; nothing is called back any more. */
  endForGood(): void {
    this.end()
    // lmdb's thread waits for this one, with everybody's lock, and Node for that thread.
    if (this.#isAwaited) endSoon()
  }

  #isIdle(): boolean {
    return this.#puts.length + this.#settled.length + this.#moves.length + this.#tasks.length === 0
  }

  #start(): void {
    if (this.#isRunning || this.#retry || this.#isIdle()) return
    this.#isRunning = true
    void this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#isIdle() && !this.#retry) await this.#next().catch(error => this.#fail(error))
    this.#isRunning = false
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  async #next(): Promise<void> {
    if (!this.#owner.mayCommit()) await this.#owner.allowed()
    const unwritten = this.#unwritten()
    if (unwritten.length > 0 && !(await this.#writePayloads(unwritten))) return
    if (this.#hasRoom()) await this.#commit()
    else await this.#refuse()
  }

  /** The directory cannot be used any more: it may be gone. */
  #fail(error: unknown): void {
    const failed = this.#puts.splice(0)
    const reason = asPathError(this.#db.directory, error)
    this.#owner.failed(failed, reason)
    for (const task of this.#tasks.splice(0)) task.failed(reason)
    if (!this.#isIdle()) this.#rest()
  }

  async #writePayloads(unwritten: Put['payloads']): Promise<boolean> {
    try {
      await this.#payloads.write(unwritten)
      return true
    } catch (error) {
      const failed = this.#puts.filter(put => put.payloads.some(payload => !payload.isWritten))
      this.#puts = this.#puts.filter(put => !failed.includes(put))
      this.#payloads.drop(unwritten.map(({ name }) => name))
      this.#owner.failed(failed, error)
      return false
    }
  }

  async #commit(): Promise<void> {
    this.#flight = undefined
    this.#isAwaited = true
    try {
      await this.#db.commit(() => {
        this.#isAwaited = false
        this.#write(written => {
          this.#flight = written
        })
      })
      if (this.#flight) this.#arrived(this.#flight)
    } catch (error) {
      const { work, isOver } = this.#flight ?? { work: this.#take(), isOver: false }
      if (isOver) return
      this.#owner.failed(work.puts, error)
      this.#takeBack(work, error)
      // Without the puts there may be room for the rest: what is settled makes room.
      if (work.puts.length === 0) this.#rest()
    } finally {
      this.#flight = undefined
      this.#isAwaited = false
    }
  }

  /** Not in the call that puts: whoever put does not listen yet. */
  async #refuse(): Promise<void> {
    await undefined
    const refused = this.#puts.splice(0)
    this.#dropPayloadsOf(refused)
    this.#owner.failed(refused, this.#db.full())
  }

  /** lmdb would find out for itself, and say so on the console. */
  #hasRoom(): boolean {
    if (this.#puts.length === 0) return true
    let bytes = 0
    for (const put of this.#puts) for (const parcel of put.parcels) bytes += parcel.bytes.length
    return this.#db.hasRoomFor(bytes)
  }

  #write(depart: (flight: Flight) => void): void {
    if (this.#isIdle()) return
    if (!this.#owner.mayCommit()) return
    const db = this.#db
    const commit = new Commit(db, this.#keyTtl, clock.now())
    const flight = { work: this.#take(), changes: commit.changes, transaction: Number.POSITIVE_INFINITY, isOver: false }
    depart(flight)
    flight.transaction = commit.run(flight.work)
    this.#owner.departing(flight.transaction, flight.work)
  }

  /** In order: a put whose payload is not on disk yet holds those behind it back. */
  #take(): Work {
    const first = this.#puts.findIndex(put => put.payloads.some(payload => !payload.isWritten))
    const puts = first < 0 ? this.#puts : this.#puts.slice(0, first)
    const work = { puts, settled: this.#settled, moves: this.#moves, tasks: this.#tasks }
    this.#puts = first < 0 ? [] : this.#puts.slice(first)
    this.#settled = []
    this.#moves = []
    this.#tasks = []
    return work
  }

  #arrived(flight: Flight): void {
    if (flight.isOver) return
    flight.isOver = true
    this.#owner.committed(flight.work, flight.changes)
    for (const task of flight.work.tasks) task.committed()
    this.#payloads.drop(flight.changes.payloads)
  }

  #takeBack(work: Work, error: unknown): void {
    this.#settled.unshift(...work.settled)
    this.#moves.unshift(...work.moves)
    for (const task of work.tasks) task.failed(error)
    this.#dropPayloadsOf(work.puts)
  }

  #dropPayloadsOf(puts: readonly Put[]): void {
    this.#payloads.drop(puts.flatMap(put => put.payloads.map(({ name }) => name)))
  }

  #rest(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#start()
    }, AGAIN)
    this.#retry.unref()
  }

  #unwritten(): Put['payloads'] {
    return this.#puts.flatMap(put => put.payloads.filter(payload => !payload.isWritten))
  }
}
