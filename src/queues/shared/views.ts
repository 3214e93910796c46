import { rest } from '../../util/rest.js'
import { dueOffset, type Geometry, returnedOffset, ringOffset, SLOT_BYTES, STATE_BYTES } from './geometry.js'
import { FREE, STATE } from './word.js'

/** Places of the state, in units of their type. */
const SELECTOR = 0
const BLOCK = 8
const TAIL = 24
const COUNTERS = 64
const SLOT_INTS = SLOT_BYTES / 4

/**
 * The body of a shared queue's memory, by name. What the selector points at (head, put hand, count of puts) changes
 * together, by one store of the selector; everything else can be worked out again from that and from the words.
 */
export class Views {
  readonly geometry: Geometry
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Buffer
  /** Where the descriptors begin, in ints. */
  readonly slotBase = STATE_BYTES / 4
  /** Where due times begin, in floats. */
  readonly dueBase: number
  /** Where the list of what was given back begins, in ints. */
  readonly returnedBase: number
  /** Where the ring begins, in bytes. */
  readonly ringBase: number
  readonly #slotMask: number
  /** 0 where the ring's bytes are no power of two. */
  readonly #ringMask: number

  constructor(buffer: ArrayBuffer, offset: number, length: number, geometry: Geometry) {
    this.geometry = geometry
    this.ints = new Int32Array(buffer, offset, length >> 2)
    this.floats = new Float64Array(buffer, offset, length >> 3)
    this.bytes = Buffer.from(buffer, offset, length)
    this.dueBase = dueOffset(geometry) / 8
    this.returnedBase = returnedOffset(geometry) / 4
    this.ringBase = ringOffset(geometry)
    this.#slotMask = geometry.slots - 1
    this.#ringMask = Number.isInteger(Math.log2(geometry.ringBytes)) ? geometry.ringBytes - 1 : 0
  }

  // ── what a put commits ──────────────────────────────────────────────────────────────────────────────────────────

  /** Where the next record goes: a virtual offset that only grows; its rest by the ring's bytes is the place. */
  get head(): number {
    return this.floats[this.#block()] as number
  }

  /** The position of the next item: only grows; its rest by the number of slots is the slot. */
  get putPos(): number {
    return this.floats[this.#block() + 1] as number
  }

  /** Items put so far. */
  get putCount(): number {
    return this.floats[this.#block() + 2] as number
  }

  /** The commit point: what was written before is there for all, whenever its writer dies. */
  commit(head: number, putPos: number, putCount: number): void {
    const other = 1 - this.selector
    const block = BLOCK + other * 8
    this.floats[block] = head
    this.floats[block + 1] = putPos
    this.floats[block + 2] = putCount
    this.selector = other
  }

  get selector(): number {
    return (this.ints[SELECTOR] as number) & 1
  }

  set selector(block: number) {
    Atomics.store(this.ints, SELECTOR, block)
  }

  #block(): number {
    return BLOCK + this.selector * 8
  }

  // ── what only grows, each by itself ─────────────────────────────────────────────────────────────────────────────

  /** Everything in the ring before it is free. */
  get tail(): number {
    return this.floats[TAIL] as number
  }

  set tail(offset: number) {
    this.floats[TAIL] = offset
  }

  /** No descriptor before this position is READY. */
  get takePos(): number {
    return this.floats[TAIL + 1] as number
  }

  set takePos(position: number) {
    this.floats[TAIL + 1] = position
  }

  // ── what is worked out again after a death ──────────────────────────────────────────────────────────────────────

  /** When the first delayed item falls due, or sooner. */
  get nextDue(): number {
    return this.floats[TAIL + 2] as number
  }

  set nextDue(due: number) {
    this.floats[TAIL + 2] = due
  }

  /** Items settled so far. */
  get settled(): number {
    return this.floats[TAIL + 3] as number
  }

  set settled(count: number) {
    this.floats[TAIL + 3] = count
  }

  /** How far taking and settling had come when the ring was last found full; no further means that it still is. */
  get fullAt(): number {
    return this.floats[TAIL + 4] as number
  }

  set fullAt(progress: number) {
    this.floats[TAIL + 4] = progress
  }

  /** Items that could be taken. */
  get ready(): number {
    return this.ints[COUNTERS] as number
  }

  set ready(count: number) {
    this.ints[COUNTERS] = count
  }

  get delayed(): number {
    return this.ints[COUNTERS + 1] as number
  }

  set delayed(count: number) {
    this.ints[COUNTERS + 1] = count
  }

  get leased(): number {
    return this.ints[COUNTERS + 2] as number
  }

  set leased(count: number) {
    this.ints[COUNTERS + 2] = count
  }

  /** The list of what was given back: where it begins … */
  get returnedHead(): number {
    return this.ints[COUNTERS + 3] as number
  }

  set returnedHead(index: number) {
    this.ints[COUNTERS + 3] = index
  }

  /** … and how many it holds. */
  get returnedLength(): number {
    return this.ints[COUNTERS + 4] as number
  }

  set returnedLength(count: number) {
    this.ints[COUNTERS + 4] = count
  }

  // ── what the users say ──────────────────────────────────────────────────────────────────────────────────────────

  /** 0 open, 1 shut down, 2 shut down at once: what comes back is gone. */
  get shut(): number {
    return this.ints[COUNTERS + 5] as number
  }

  set shut(how: number) {
    this.ints[COUNTERS + 5] = how
  }

  // ── descriptors ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where a slot's descriptor lies, in ints: word, chunk, index, attempts. */
  slotAt(slot: number): number {
    return this.slotBase + slot * SLOT_INTS
  }

  /** `&` takes what `%` would of a power of two, also of positions beyond 32 bits, and needs no division. */
  slotOf(position: number): number {
    return position & this.#slotMask
  }

  /** Where in the ring an offset is. */
  placeOf(offset: number): number {
    return this.#ringMask > 0 ? offset & this.#ringMask : rest(offset, this.geometry.ringBytes)
  }

  word(slot: number): number {
    return this.ints[this.slotAt(slot)] as number
  }

  setWord(slot: number, word: number): void {
    this.ints[this.slotAt(slot)] = word
  }

  /** Visits each slot that is not free: most are where a queue is opened, and that is done by code that nobody has compiled yet. */
  eachUsed(visit: (slot: number, word: number) => void): void {
    const { ints, slotBase } = this
    const end = slotBase + this.geometry.slots * SLOT_INTS
    for (let at = slotBase; at < end; at += SLOT_INTS) {
      const word = ints[at] as number
      if ((word & STATE) !== FREE) visit((at - slotBase) / SLOT_INTS, word)
    }
  }

  due(slot: number): number {
    return this.floats[this.dueBase + slot] as number
  }

  setDue(slot: number, due: number): void {
    this.floats[this.dueBase + slot] = due
  }
}
