import type { SharedLease } from './shared-lease.js'

/** So many are taken one by one in a turn before any is leased ahead of its take … */
const PATIENCE = 4
/** … and no more than this at a time. */
const MOST = 64
/** Whoever takes longer for what was leased ahead, in ms, goes on one by one: others may be waiting for it. */
const BRISK = 1

/**
 * What a handle leases ahead of those who take one by one, so that one section serves many takes. It is kept from others, so it
 * is little, and goes back when the turn of the event loop ends.
 */
export class Ahead<T> {
  readonly #giveBack: (leases: readonly SharedLease<T>[]) => void
  readonly #single: SharedLease<T>[] = []
  #leases: SharedLease<T>[] = []
  #next = 0
  /** Taken one by one in this turn, before any was leased ahead. */
  #patient = 0
  /** How many were leased ahead last, and all taken in time; 0: none. */
  #last = 0
  #since = 0
  #turn: NodeJS.Immediate | undefined
  /** In this turn there was less than could have been leased ahead. */
  #short = false

  constructor(giveBack: (leases: readonly SharedLease<T>[]) => void) {
    this.#giveBack = giveBack
  }

  get length(): number {
    return this.#leases.length - this.#next
  }

  /** How many to lease besides one that is taken now. */
  get appetite(): number {
    const begins = this.#turn === undefined
    this.#turn ??= setImmediate(this.#over)
    if (this.#last === 0 && ++this.#patient < PATIENCE) return 0
    const now = performance.now()
    const brisk = begins || this.#last === 0 || now - this.#since < BRISK
    this.#since = now
    this.#last = brisk ? Math.min(Math.max(2 * this.#last, PATIENCE), MOST) : 0
    return this.#last
  }

  /** `count`: what was there for one, and the appetite. */
  got(count: number): void {
    if (count > 0 && count <= this.#last) this.#short = true
  }

  /** What is put now waits for the next turn: whoever looks for each item slows down those who put them. */
  get isSpent(): boolean {
    return this.#short && this.length === 0
  }

  get first(): SharedLease<T> | undefined {
    return this.#leases[this.#next]
  }

  /** Keeps all but the first, which it answers. */
  keep(leases: SharedLease<T>[]): readonly SharedLease<T>[] {
    this.hold(leases)
    return this.shift()
  }

  hold(leases: SharedLease<T>[]): void {
    this.#turn ??= setImmediate(this.#over)
    this.#leases = leases
    this.#next = 0
  }

  /** The next one, alone; the answer is used again. */
  shift(): readonly SharedLease<T>[] {
    this.#single[0] = this.#leases[this.#next++] as SharedLease<T>
    if (this.#next === this.#leases.length) this.#clear()
    return this.#single
  }

  /** Up to so many, which are out from now on. */
  take(max: number): SharedLease<T>[] {
    const leases = this.#leases.slice(this.#next, this.#next + max)
    this.#next += leases.length
    if (this.#next === this.#leases.length) this.#clear()
    return leases
  }

  /** They go back to their places. */
  giveBack(): void {
    if (this.length === 0) return
    this.#last = 0
    this.#giveBack(this.take(this.length))
  }

  stop(): void {
    clearImmediate(this.#turn)
  }

  #clear(): void {
    this.#leases = []
    this.#next = 0
  }

  readonly #over = (): void => {
    this.#turn = undefined
    this.#patient = 0
    this.#short = false
    this.giveBack()
  }
}
