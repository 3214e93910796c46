import { QueueLinkError } from '../errors/queue-link-error.js'
import { libc } from './libc.js'

const SPINS = 100
/** How long others are let run before a sleep, which lasts at least 0.08 ms, in ms. */
const YIELDING = 0.03
/** How long a call may block before it gives up, in ms. */
const PATIENCE = 5
const FIRST_SLEEP = 0.02
const LONGEST_SLEEP = 1
/** How often an owner is asked whether it lives, in ms, by who waits for it. */
const ASK = 0.5

/** Names nobody: who finds it takes the lock over. */
const ABANDONED = 0x100

const pillow = new Int32Array(new SharedArrayBuffer(4))

/**
 * A lock in shared memory that outlives its holder: who finds the holder dead takes it over, and is told. It never blocks for
 * longer than 5 ms: a holder that is stopped is alive, and only the caller knows what to do meanwhile.
 *
 * The first word is 0 (free) or the holder's tag, which no other participant has or ever had; the second counts how often the
 * lock was taken; the third is not 0 if somebody gave up, and is to be told.
 */
export class RobustLock {
  readonly #words: Int32Array
  readonly #at: number
  readonly #tag: number
  readonly #isDead: (tag: number) => boolean
  /** The holder, and its turn, that was waited for in vain. */
  #stuckBy = 0
  #stuckIn = 0
  /** The tag of the dead whose section was left unfinished, until `mended`. */
  #left = 0

  constructor(words: Int32Array, at: number, tag: number, isDead: (tag: number) => boolean) {
    this.#words = words
    this.#at = at
    this.#tag = tag
    this.#isDead = isDead
  }

  /** The tag of the holder, or 0. */
  get holder(): number {
    return Atomics.load(this.#words, this.#at)
  }

  /** Non-zero: the lock was taken over from this one, and what it guards may be half changed. */
  get stolenFrom(): number {
    return this.#left
  }

  /** What it guards is whole again. */
  mended(): void {
    this.#left = 0
  }

  /** False: somebody holds it, and went on holding it. */
  acquire(): boolean {
    if (Atomics.compareExchange(this.#words, this.#at, 0, this.#tag) !== 0 && !this.#contend()) return false
    this.#words[this.#at + 1]!++
    return true
  }

  /** Whether somebody wants it, and is to be told. */
  release(): boolean {
    return this.#become(0)
  }

  /** As `release`, but leaves it to the next one to mend what it guards. */
  abandon(): boolean {
    return this.#become(ABANDONED)
  }

  /** Asks the holder to tell. False: it has no holder by now, who could. */
  want(): boolean {
    Atomics.store(this.#words, this.#at + 2, 1)
    const { holder } = this
    return holder !== 0 && holder !== ABANDONED
  }

  #become(word: number): boolean {
    Atomics.compareExchange(this.#words, this.#at, this.#tag, word)
    return Atomics.load(this.#words, this.#at + 2) !== 0 && Atomics.exchange(this.#words, this.#at + 2, 0) !== 0
  }

  /** Whether the turn that the last `acquire` waited for in vain goes on: then the next one would be in vain too. */
  stuck(): boolean {
    if (this.#stuckBy === 0) return false
    if (this.#sameTurn() && !this.#isDead(this.#stuckBy)) return true
    this.#stuckBy = 0
    return false
  }

  #sameTurn(): boolean {
    return this.holder === this.#stuckBy && this.#words[this.#at + 1] === this.#stuckIn
  }

  #contend(): boolean {
    if (this.holder === this.#tag) {
      throw new QueueLinkError('this thread is in the section already: the lock was entered twice', 'ERR_LOCK')
    }
    // One who is stopped in the section costs one wait, not one for each call.
    if (this.#stuckBy !== 0 && this.#sameTurn()) return false
    this.#stuckBy = 0
    for (let spin = 0; spin < SPINS; spin++) if (this.#try()) return true
    const { sched_yield } = libc()
    const start = performance.now()
    do {
      if (this.#try()) return true
      sched_yield()
    } while (performance.now() - start < YIELDING)
    return this.#sleep()
  }

  #try(): boolean {
    const holder = this.holder
    if (holder === ABANDONED) return this.#steal(holder)
    return holder === 0 && Atomics.compareExchange(this.#words, this.#at, 0, this.#tag) === 0
  }

  #sleep(): boolean {
    const start = performance.now()
    let nap = FIRST_SLEEP
    let asked = Number.NEGATIVE_INFINITY
    for (;;) {
      if (this.#try()) return true
      const now = performance.now()
      const holder = this.holder
      if (now - asked > ASK && holder !== 0) {
        asked = now
        if (this.#isDead(holder) && this.#steal(holder)) return true
      }
      if (now - start > PATIENCE) break
      Atomics.wait(pillow, 0, 0, nap)
      nap = Math.min(nap * 2, LONGEST_SLEEP)
    }
    this.#stuckBy = this.holder
    this.#stuckIn = this.#words[this.#at + 1]!
    return false
  }

  /** The tag was seen before its owner was found dead, and is never given again: this takes the lock from no living one. */
  #steal(holder: number): boolean {
    if (Atomics.compareExchange(this.#words, this.#at, holder, this.#tag) !== holder) return false
    this.#left = holder
    return true
  }
}
