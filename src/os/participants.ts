import process from 'node:process'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { PARTICIPANTS_AT, SLOTS, USED_AT } from './arena-header.js'
import type { Life } from './life.js'

const FIRST = PARTICIPANTS_AT / 4
const USED = USED_AT / 4
/** Words of one participant: tag, how many had the slot before, pid. */
const STRIDE = 4

export interface Participant {
  readonly slot: number
  /** Of a process in this container; of a thread, its process's. */
  readonly pid: number
  readonly alive: boolean
}

export interface Seat {
  readonly slot: number
  /** This participant's alone, for ever: slot + 1 in the low 8 bits, above them how many had the slot before. */
  readonly tag: number
  /** Its last owner died and left it as it was. */
  readonly inherited: boolean
}

/** Who takes part in an arena. A slot belongs to whoever holds its sign of life; its tag is 0 when nobody has it and nothing of it is left. */
export class Participants {
  readonly #words: Int32Array
  readonly #life: Life

  constructor(words: Int32Array, life: Life) {
    this.#words = words
    this.#life = life
  }

  /** Slots up to this one, exclusive, were ever used. */
  get used(): number {
    return Math.max(0, Math.min(SLOTS, this.#words[USED]!))
  }

  /** Needs no lock. A slot that a dead owner left is taken only when no other is free. */
  claim(): Seat {
    const seat = this.#claimWhere(tag => tag === 0) ?? this.#claimWhere(tag => tag !== 0)
    if (seat) return seat
    throw new QueueLinkError(
      `all ${SLOTS} places of the queue are taken: close handles that are not needed`,
      'ERR_TOO_MANY',
    )
  }

  /** Whoever had this tag is gone. Costs a call of the system. */
  isDead(tag: number): boolean {
    const slot = (tag & 0xff) - 1
    return slot < 0 || this.tagOf(slot) !== tag || !this.lives(slot)
  }

  /** Somebody else holds the slot's sign of life. */
  lives(slot: number): boolean {
    return this.#life.probe(slot)
  }

  /** Slots whose owners are dead. */
  dead(mine: number): number[] {
    const slots: number[] = []
    for (let slot = 0; slot < this.used; slot++) {
      if (slot !== mine && this.tagOf(slot) !== 0 && !this.lives(slot)) slots.push(slot)
    }
    return slots
  }

  tagOf(slot: number): number {
    return Atomics.load(this.#words, FIRST + slot * STRIDE)
  }

  pidOf(slot: number): number {
    return this.#words[FIRST + slot * STRIDE + 2]!
  }

  /** Unless somebody else has it by now. */
  free(slot: number, tag: number): void {
    Atomics.compareExchange(this.#words, FIRST + slot * STRIDE, tag, 0)
  }

  list(mine: number): Participant[] {
    const all: Participant[] = []
    for (let slot = 0; slot < this.used; slot++) {
      if (this.tagOf(slot) === 0) continue
      all.push({ slot, pid: this.pidOf(slot), alive: slot === mine || this.lives(slot) })
    }
    return all
  }

  #claimWhere(wanted: (tag: number) => boolean): Seat | undefined {
    for (let slot = 0; slot < SLOTS; slot++) {
      const before = this.tagOf(slot)
      if (!wanted(before) || !this.#life.claim(slot)) continue
      const at = FIRST + slot * STRIDE
      const tag = ((((Atomics.add(this.#words, at + 1, 1) + 1) & 0x3f_ffff) << 8) | (slot + 1)) >>> 0
      if (Atomics.compareExchange(this.#words, at, before, tag) === before) {
        this.#words[at + 2] = process.pid
        this.#markUsed(slot + 1)
        return { slot, tag, inherited: before !== 0 }
      }
      this.#life.release(slot)
    }
    return undefined
  }

  #markUsed(slots: number): void {
    for (;;) {
      const used = Atomics.load(this.#words, USED)
      if (used >= slots || Atomics.compareExchange(this.#words, USED, used, slots) === used) return
    }
  }
}
