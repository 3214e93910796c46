import { SLOTS } from '../../os/arena-header.js'
import { LeaseTable, TABLE_BYTES } from './lease-table.js'

// Body of the arena of a durable queue:
//
//    0 held | leased | delayed | capacity | cleared f64
//   64 cursors of `items` and of `delayed`: first | base f64; how far each was read ahead: first | base f64
//  128 version | shut | clearing slot + 1 | removed | generation | compacting slot + 1, epochs of the two cursors, starved i32
//  256 per slot: accepted | accepted delayed | flight | items in flight | delayed in flight f64, 0 0 0
// then the table of leases
const CURSORS = 64 / 8
const AHEAD = CURSORS + 4
const WORDS = 128
const STRIDE = 8
const SLOTS_AT = 256
const TABLE_AT = SLOTS_AT + SLOTS * STRIDE * 8

const [VERSION, SHUT, CLEARING, REMOVED, GENERATION, COMPACTING, EPOCHS, STARVED] = [0, 1, 2, 3, 4, 5, 6, 8]

export const LEDGER_BYTES = TABLE_BYTES + TABLE_AT

/** Nothing in line comes before it. */
export const BEFORE_ALL = Number.NEGATIVE_INFINITY

/** Which of the two tables that hold items. */
export const ITEMS = 0
export const DELAYED = 1
export type Line = typeof ITEMS | typeof DELAYED

/**
 * What all who have a durable queue open know together, besides what is on disk: who leased what, how many there are, and where
 * the next item stands. Changed under the lock of its arena. It can be made anew from the data file at any time.
 */
export class Ledger {
  readonly table: LeaseTable
  readonly #numbers: Float64Array
  readonly #words: Int32Array
  readonly #slots: Float64Array

  constructor(buffer: ArrayBuffer, offset: number) {
    this.#numbers = new Float64Array(buffer, offset, WORDS / 8)
    this.#words = new Int32Array(buffer, offset + WORDS, (SLOTS_AT - WORDS) / 4)
    this.#slots = new Float64Array(buffer, offset + SLOTS_AT, SLOTS * STRIDE)
    this.table = new LeaseTable(buffer, offset + TABLE_AT)
  }

  /** Items taken in and not settled, those included that are not on disk yet. */
  get held(): number {
    return this.#numbers[0]!
  }

  set held(count: number) {
    this.#numbers[0] = count
  }

  get leased(): number {
    return this.#numbers[1]!
  }

  set leased(count: number) {
    this.#numbers[1] = count
  }

  /** Of those held, the ones with a delay, whether it is over or not. */
  get delayed(): number {
    return this.#numbers[2]!
  }

  set delayed(count: number) {
    this.#numbers[2] = count
  }

  get capacity(): number {
    return this.#numbers[3]!
  }

  set capacity(count: number) {
    this.#numbers[3] = count
  }

  /** While `clear` is under way: items before this place that nobody has leased are gone. */
  get cleared(): number {
    return this.#numbers[4]!
  }

  /** The slot that clears, or -1. */
  get clearing(): number {
    return this.#words[CLEARING]! - 1
  }

  clear(before: number, slot: number): void {
    this.#words[CLEARING] = slot + 1
    this.#numbers[4] = before
  }

  /** Counts what was committed. What was read of the data file before is not to be relied on. */
  get version(): number {
    return Atomics.load(this.#words, VERSION)
  }

  advance(): void {
    Atomics.add(this.#words, VERSION, 1)
  }

  get shut(): boolean {
    return Atomics.load(this.#words, SHUT) !== 0
  }

  set shut(value: boolean) {
    Atomics.store(this.#words, SHUT, value ? 1 : 0)
  }

  /** The queue was unlinked. */
  get removed(): boolean {
    return Atomics.load(this.#words, REMOVED) !== 0
  }

  set removed(value: boolean) {
    Atomics.store(this.#words, REMOVED, value ? 1 : 0)
  }

  /** Which data file counts. */
  get generation(): number {
    return Atomics.load(this.#words, GENERATION)
  }

  set generation(value: number) {
    Atomics.store(this.#words, GENERATION, value)
  }

  /** The slot that writes the next data file, or -1: nothing may be committed meanwhile. */
  get compacting(): number {
    return Atomics.load(this.#words, COMPACTING) - 1
  }

  set compacting(slot: number) {
    Atomics.store(this.#words, COMPACTING, slot + 1)
  }

  /** Somebody found no room for another lease. */
  get starved(): boolean {
    return this.#words[STARVED] !== 0
  }

  set starved(value: boolean) {
    this.#words[STARVED] = value ? 1 : 0
  }

  // ── cursors: nothing before them can be taken ───────────────────────────────────────────────────────────────────

  first(line: Line): number {
    return this.#numbers[CURSORS + line * 2]!
  }

  base(line: Line): number {
    return this.#numbers[CURSORS + line * 2 + 1]!
  }

  /** Counts how often what was read ahead became worthless. */
  epoch(line: Line): number {
    return this.#words[EPOCHS + line]!
  }

  /** Everything before this place was found taken. */
  pass(line: Line, first: number, base: number): void {
    this.#set(CURSORS, line, first, base)
  }

  /** Nobody looks there. */
  isPassed(line: Line, first: number, base: number): boolean {
    return isBefore(first, base, this.#numbers, CURSORS + line * 2)
  }

  /** Somebody keeps in mind what stands up to this place. */
  readUpTo(line: Line, first: number, base: number): void {
    if (!isBefore(first, base, this.#numbers, AHEAD + line * 2)) this.#set(AHEAD, line, first, base)
  }

  /** Something new at this place is seen by nobody who does not read anew. */
  isOverlooked(line: Line, first: number, base: number): boolean {
    return this.isPassed(line, first, base) || isBefore(first, base, this.#numbers, AHEAD + line * 2)
  }

  /** What anybody keeps in mind is not to be relied on. */
  readAnew(line: Line): void {
    this.#words[EPOCHS + line]!++
    this.#set(AHEAD, line, BEFORE_ALL, 0)
  }

  /** Something at this place can be taken again, or for the first time: whoever read ahead reads again. */
  lower(line: Line, first: number, base: number): void {
    this.readAnew(line)
    if (this.isPassed(line, first, base)) this.pass(line, first, base)
  }

  #set(places: number, line: Line, first: number, base: number): void {
    this.#numbers[places + line * 2] = first
    this.#numbers[places + line * 2 + 1] = base
  }

  // ── what participants have under way ────────────────────────────────────────────────────────────────────────────

  /** The participant's own doing, also outside the lock. */
  account(slot: number): Account {
    return new Account(this.#slots.subarray(slot * STRIDE, (slot + 1) * STRIDE))
  }
}

function isBefore(first: number, base: number, numbers: Float64Array, at: number): boolean {
  return first < numbers[at]! || (first === numbers[at] && base < numbers[at + 1]!)
}

/** What one participant has taken in, and is about to commit. */
export class Account {
  readonly #numbers: Float64Array

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  /** Items taken in whose commit is not known of by all. */
  get accepted(): number {
    return this.#numbers[0]!
  }

  /** Those of them with a delay. */
  get acceptedDelayed(): number {
    return this.#numbers[1]!
  }

  accept(items: number, delayed: number): void {
    this.#numbers[0]! += items
    this.#numbers[1]! += delayed
  }

  /** In this transaction, if it is committed, so many of the accepted are. */
  depart(transaction: number, items: number, delayed: number): void {
    this.#numbers[2] = Number.POSITIVE_INFINITY
    this.#numbers[3] = items
    this.#numbers[4] = delayed
    this.#numbers[2] = transaction
  }

  /** Of the accepted, those that are in no data file that this transaction left. */
  pending(transaction: number): { items: number; delayed: number } {
    const isCommitted = this.#numbers[2]! > 0 && this.#numbers[2]! <= transaction
    return {
      items: this.accepted - (isCommitted ? this.#numbers[3]! : 0),
      delayed: this.acceptedDelayed - (isCommitted ? this.#numbers[4]! : 0),
    }
  }

  /** So many are no longer on the way, being stored or refused. */
  arrive(items: number, delayed: number): void {
    this.#numbers[2] = 0
    this.accept(-items, -delayed)
  }

  reset(): void {
    this.#numbers.fill(0)
  }
}
