import { type Arena, ITEMS as NEWS, REST, ROOM } from '../../os/arena.js'
import { SLOTS } from '../../os/arena-header.js'
import type { Changes, Place, Work } from './commit.js'
import type { Database } from './database.js'
import { hasBit } from './has-bit.js'
import { keyOf } from './layout.js'
import { ACKED, attemptOf, isDelayedWord, LEASED, MOVING, ownerOf, RETURNED, stateOf, wordOf } from './lease-table.js'
import { BEFORE_ALL, DELAYED, ITEMS, type Ledger } from './ledger.js'

/** Keeps the ledger true: after each commit, after a death, and when it is new. Everything here is done under the lock. */
export class Books {
  readonly #ledger: Ledger
  readonly #arena: Arena
  readonly #db: Database

  constructor(ledger: Ledger, arena: Arena, db: Database) {
    this.#ledger = ledger
    this.#arena = arena
    this.#db = db
  }

  /** A transaction of this handle is about to be committed. */
  departing(transaction: number, puts: Work['puts']): void {
    const { items, delayed } = countPuts(puts)
    this.#ledger.account(this.#arena.slot).depart(transaction, items, delayed)
  }

  /** A transaction of this handle is on disk. */
  published({ puts, settled, moves }: Work, changes: Changes): void {
    const ledger = this.#ledger
    const { items, delayed } = countPuts(puts)
    ledger.account(this.#arena.slot).arrive(items, delayed)
    ledger.held -= changes.repeated
    ledger.delayed -= changes.repeatedDelayed + changes.fewerDelayed
    for (const place of settled) this.#removeMine(place, ACKED)
    for (const { from } of moves) this.#removeMine(from, MOVING)
    for (const line of [ITEMS, DELAYED] as const) {
      const lowest = changes.lowest[line]
      const highest = changes.highest[line]
      if (lowest && ledger.isOverlooked(line, ...lowest)) ledger.lower(line, ...lowest)
      else if (highest && !ledger.isPassed(line, ...highest)) ledger.readAnew(line)
    }
    ledger.advance()
    this.#relieved()
    if (items > 0) this.#arena.wake(NEWS, items === 1 ? 1 : Number.POSITIVE_INFINITY)
    if (changes.repeated > 0) this.#arena.wake(ROOM)
    if (ledger.held === 0) this.#arena.wake(REST)
  }

  /** Those who found no room for another lease look again. */
  #relieved(): void {
    const ledger = this.#ledger
    if (!ledger.starved || ledger.table.crowded) return
    ledger.starved = false
    this.#arena.wake(NEWS)
  }

  /** What was taken in will not be stored. */
  refused(puts: Work['puts']): void {
    const ledger = this.#ledger
    const { items, delayed } = countPuts(puts)
    ledger.account(this.#arena.slot).arrive(items, delayed)
    ledger.held -= items
    ledger.delayed -= delayed
    this.#arena.wake(ROOM)
  }

  /** The owner of this slot is gone. Answers what it had settled without telling the disk: this handle's to do, unless it goes itself. */
  reap(slot: number): Place[] {
    const ledger = this.#ledger
    const { table } = ledger
    const mine = this.#arena.slot
    const adopted: Place[] = []
    for (const seq of table.seqsWhere(word => ownerOf(word) === slot && stateOf(word) !== RETURNED)) {
      const at = table.find(seq)
      const word = table.word(at)
      const line = isDelayedWord(word) ? DELAYED : ITEMS
      if (stateOf(word) === ACKED && slot !== mine) {
        table.setWord(at, wordOf(ACKED, line === DELAYED, mine, attemptOf(word)))
        adopted.push({ seq, line, first: table.first(at), index: table.index(at), entry: undefined })
      } else table.setWord(at, wordOf(RETURNED, line === DELAYED, 0, attemptOf(word)))
    }
    ledger.account(slot).reset()
    if (ledger.clearing === slot) ledger.clear(0, -1)
    return adopted
  }

  /** Counts everything anew, from the data file and the leases. */
  recount(): void {
    const ledger = this.#ledger
    const { table } = ledger
    const db = this.#db
    table.rebuild()
    db.refresh()
    const { items, delayed, transaction, capacity } = db.meta
    let held = items + delayed
    let late = delayed
    let leased = 0
    for (let slot = 0; slot < SLOTS; slot++) {
      const pending = ledger.account(slot).pending(transaction)
      held += pending.items
      late += pending.delayed
    }
    for (const seq of table.seqsWhere(() => true)) {
      const at = table.find(seq)
      const state = stateOf(table.word(at))
      const isThere = state === LEASED || this.#isThere(at, seq)
      if (state === LEASED) leased++
      else if (state === ACKED && isThere) held--
      else if (state === MOVING && isThere) late++
      else if (state === RETURNED && !isThere) table.remove(at)
    }
    ledger.held = held
    ledger.delayed = late
    ledger.leased = leased
    ledger.capacity = capacity
    for (const line of [ITEMS, DELAYED] as const) {
      ledger.pass(line, BEFORE_ALL, 0)
      ledger.lower(line, BEFORE_ALL, 0)
    }
    ledger.advance()
  }

  /** The data file, as it is, shows the item that this entry is about. */
  #isThere(at: number, seq: number): boolean {
    const { table } = this.#ledger
    const db = this.#db
    const index = table.index(at)
    const key = keyOf(table.first(at), seq - index)
    const lines = isDelayedWord(table.word(at)) ? db.delayed : db.items
    if (!lines.doesExist(key)) return false
    const bits = db.done.get(key)
    return !hasBit(bits, index)
  }

  #removeMine(place: Place, state: number): void {
    const { table } = this.#ledger
    const at = table.find(place.seq)
    if (at < 0) return
    const word = table.word(at)
    if (stateOf(word) === state && ownerOf(word) === this.#arena.slot) table.remove(at)
  }
}

function countPuts(puts: Work['puts']): { items: number; delayed: number } {
  let items = 0
  let delayed = 0
  for (const put of puts) {
    items += put.count
    if (put.due > 0) delayed += put.count
  }
  return { items, delayed }
}
