import { QueueLinkError } from '../../errors/queue-link-error.js'

/** What becomes of an item that the data file shows as being there. */
export const FREE = 0
export const LEASED = 1
/** Settled; the transaction that removes it is under way. */
export const ACKED = 2
/** Given back after it was handed over: in line again, and its attempts are known. */
export const RETURNED = 3
/** Given back with a delay; the transaction that moves it is under way. */
export const MOVING = 4

// Word of an entry: state 3 bits | 1 bit: from the table `delayed` | owner 8 bits | attempt 16 bits.
const DELAYED = 1 << 3
const OWNER = 4
const ATTEMPT = 12
const MOST_ATTEMPTS = 0xffff

export function wordOf(state: number, isDelayed: boolean, owner: number, attempt: number): number {
  return (state | (isDelayed ? DELAYED : 0) | (owner << OWNER) | (Math.min(attempt, MOST_ATTEMPTS) << ATTEMPT)) >>> 0
}

export const stateOf = (word: number): number => word & 7
export const isDelayedWord = (word: number): boolean => (word & DELAYED) !== 0
export const ownerOf = (word: number): number => (word >>> OWNER) & 0xff
export const attemptOf = (word: number): number => (word >>> ATTEMPT) & MOST_ATTEMPTS

const SIZE = 32_768
/** Entries beyond this make looking for one slow: no more leases are given, unless an item has an entry already. */
const MOST = SIZE * 0.75
const MASK = SIZE - 1
const AREA = SIZE * 24
const HEAD = 64

/** Bytes that the table takes up. */
export const TABLE_BYTES = HEAD + 2 * AREA

interface Area {
  /** The item's place. */
  readonly seqs: Float64Array
  /** The first part of its record's key. */
  readonly firsts: Float64Array
  /** Its index in the parcel. */
  readonly indexes: Uint32Array
  readonly words: Uint32Array
}

/**
 * Which items are not to be taken as the data file shows them: a hash table with open addressing, in memory that processes
 * share. Everything here is done under the lock. Storing the word is what commits an entry, so that whoever dies on the way
 * leaves at worst an entry twice, or one that is not found where it is looked for: `rebuild` mends that.
 */
export class LeaseTable {
  readonly #head: Int32Array
  readonly #areas: readonly [Area, Area]
  #sweepAt = 0

  constructor(buffer: ArrayBuffer, offset: number) {
    this.#head = new Int32Array(buffer, offset, HEAD / 4)
    this.#areas = [areaAt(buffer, offset + HEAD), areaAt(buffer, offset + HEAD + AREA)]
  }

  /** Entries there are. */
  get used(): number {
    return this.#head[1]!
  }

  get crowded(): boolean {
    return this.used >= MOST
  }

  /** Where the entry of this item is; -1: it has none. */
  find(seq: number): number {
    const { seqs, words } = this.#area()
    for (let at = homeOf(seq); words[at] !== FREE; at = (at + 1) & MASK) if (seqs[at] === seq) return at
    return -1
  }

  /** The item has no entry yet. */
  add(seq: number, first: number, index: number, word: number): void {
    const { seqs, firsts, indexes, words } = this.#area()
    let at = homeOf(seq)
    while (words[at] !== FREE) at = (at + 1) & MASK
    seqs[at] = seq
    firsts[at] = first
    indexes[at] = index
    words[at] = word
    this.#head[1]!++
  }

  word(at: number): number {
    return this.#area().words[at]!
  }

  setWord(at: number, word: number): void {
    this.#area().words[at] = word
  }

  seq(at: number): number {
    return this.#area().seqs[at]!
  }

  first(at: number): number {
    return this.#area().firsts[at]!
  }

  index(at: number): number {
    return this.#area().indexes[at]!
  }

  /** Makes room by forgetting how often one item was handed over that was given back. False: there is none such. */
  forgetOne(): boolean {
    const { words } = this.#area()
    for (let steps = 0; steps < SIZE; steps++) {
      this.#sweepAt = (this.#sweepAt + 1) & MASK
      if (stateOf(words[this.#sweepAt]!) !== RETURNED) continue
      this.remove(this.#sweepAt)
      return true
    }
    return false
  }

  /** Entries behind it close the gap: others move. */
  remove(at: number): void {
    const { seqs, firsts, indexes, words } = this.#area()
    words[at] = FREE
    this.#head[1]!--
    let gap = at
    for (let next = (at + 1) & MASK; words[next] !== FREE; next = (next + 1) & MASK) {
      const distance = (next - homeOf(seqs[next]!)) & MASK
      if (distance < ((next - gap) & MASK)) continue
      seqs[gap] = seqs[next]!
      firsts[gap] = firsts[next]!
      indexes[gap] = indexes[next]!
      words[gap] = words[next]!
      words[next] = FREE
      gap = next
    }
  }

  /** The items that have an entry whose word is like that. */
  seqsWhere(matches: (word: number) => boolean): number[] {
    const { seqs, words } = this.#area()
    const found: number[] = []
    if (this.used === 0) return found
    for (let at = 0; at < SIZE; at++) if (words[at] !== FREE && matches(words[at]!)) found.push(seqs[at]!)
    return found
  }

  /** Somebody may have died while changing it. Fills the other area, and then makes that the one that counts. */
  rebuild(): void {
    const from = this.#area()
    const to = this.#areas[1 - this.#head[0]!] as Area
    to.words.fill(FREE)
    const seen = new Set<number>()
    for (let at = 0; at < SIZE; at++) {
      const seq = from.seqs[at]!
      if (from.words[at] === FREE || seen.has(seq)) continue
      seen.add(seq)
      let place = homeOf(seq)
      while (to.words[place] !== FREE) place = (place + 1) & MASK
      to.seqs[place] = seq
      to.firsts[place] = from.firsts[at]!
      to.indexes[place] = from.indexes[at]!
      to.words[place] = from.words[at]!
    }
    this.#head[0] = 1 - this.#head[0]!
    this.#head[1] = seen.size
  }

  #area(): Area {
    return this.#areas[this.#head[0] === 0 ? 0 : 1]
  }
}

function areaAt(buffer: ArrayBuffer, offset: number): Area {
  return {
    seqs: new Float64Array(buffer, offset, SIZE),
    firsts: new Float64Array(buffer, offset + SIZE * 8, SIZE),
    indexes: new Uint32Array(buffer, offset + SIZE * 16, SIZE),
    words: new Uint32Array(buffer, offset + SIZE * 20, SIZE),
  }
}

/** Items that follow one another are taken together: eight of them lie side by side. */
function homeOf(seq: number): number {
  const block = Math.floor(seq / 8)
  return (((Math.imul(block ^ (block / 2 ** 32), 0x9e3779b1) >>> 20) << 3) | (seq % 8)) & MASK
}

/** For those who cannot wait. */
export function tooManyOut(): QueueLinkError {
  const why = 'as many items of the queue are leased, or settled and not written yet, as can be'
  return new QueueLinkError(
    `${why}: settle some, or let the event loop turn; calls that wait go on by themselves`,
    'ERR_BUSY',
  )
}
