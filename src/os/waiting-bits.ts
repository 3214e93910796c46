import { WAITERS_AT, WOKEN_AT } from './arena-header.js'
import type { Participants } from './participants.js'

const FIRST = WAITERS_AT / 4
const WOKEN = WOKEN_AT / 4
const WORDS = 8

/** Who waits for a condition (0 to 3): a bit for each slot. Set by its owner at any time, cleared by whoever wakes it. */
export class WaitingBits {
  readonly #words: Int32Array
  readonly #participants: Participants

  constructor(words: Int32Array, participants: Participants) {
    this.#words = words
    this.#participants = participants
  }

  isSet(condition: number, slot: number): boolean {
    return (Atomics.load(this.#words, wordOf(condition, slot)) & bitOf(slot)) !== 0
  }

  set(condition: number, slot: number): void {
    Atomics.or(this.#words, wordOf(condition, slot), bitOf(slot))
  }

  /** Whether it was set. */
  clear(condition: number, slot: number): boolean {
    return (Atomics.and(this.#words, wordOf(condition, slot), ~bitOf(slot)) & bitOf(slot)) !== 0
  }

  count(condition: number): number {
    let count = 0
    for (let slot = 0; slot < this.#participants.used; slot++) if (this.isSet(condition, slot)) count++
    return count
  }

  /** All who wait, and do no longer. Needs no lock. */
  popAll(condition: number): number[] {
    const slots: number[] = []
    for (let slot = 0; slot < this.#participants.used; slot++) {
      if (this.isSet(condition, slot) && this.clear(condition, slot)) slots.push(slot)
    }
    return slots
  }

  /** Under the lock: a waiter other than this one, in turn; -1 if there is none. */
  pop(condition: number, mine: number): number {
    const words = Math.ceil(this.#participants.used / 32)
    const first = FIRST + condition * WORDS
    let any = 0
    for (let word = 0; word < words; word++) any |= this.#words[first + word]!
    if (any === 0) return -1
    const last = this.#words[WOKEN + condition]!
    const slot =
      this.#next(first, last + 1, words * 32, mine) ?? this.#next(first, 0, Math.min(last + 1, words * 32), mine) ?? -1
    if (slot < 0) return -1
    this.clear(condition, slot)
    this.#words[WOKEN + condition] = slot
    return slot
  }

  #next(first: number, from: number, to: number, mine: number): number | undefined {
    for (let slot = Math.max(0, from); slot < to; slot++) {
      const bits = this.#words[first + (slot >> 5)]!
      if (bits === 0) slot |= 31
      else if ((bits & bitOf(slot)) !== 0 && slot !== mine) return slot
    }
    return undefined
  }
}

function wordOf(condition: number, slot: number): number {
  return FIRST + condition * WORDS + (slot >> 5)
}

function bitOf(slot: number): number {
  return 1 << (slot & 31)
}
