import { Ring } from '../util/ring.js'
import { together } from '../util/trampoline.js'
import type { Entry } from './entry.js'
import type { Settler } from './receipt.js'
import type { Intake, Ticket } from './store.js'

/** What tells a put from those that repeat it. */
export interface Repeat {
  readonly client: string
  readonly number: number
}

/** One producer's place in line. */
export interface Waiting<T> {
  /** Stored all at once or not at all. */
  readonly entries: readonly Entry<T>[]
  readonly repeat: Repeat | undefined
  readonly settler: Settler
  /** The caller gave up; its place falls out when its turn comes. See `leave`. */
  left: boolean
}

/** The way into a store: first come, first served while it is full, and the wait from accepted to stored. */
export class PutLine<T> {
  readonly #intake: Intake<T>
  readonly #onWait: () => void
  readonly #onLeave: () => void
  readonly #waiting = new Ring<Waiting<T>>()
  /** Who waits for what was taken to be stored, and the ticket of each. */
  readonly #pending = new Ring<Settler>()
  readonly #tickets = new Ring<Ticket>()
  #lastTicket: Ticket = 0
  /** Who is in line and has not given up; a field, since it is read for every item. */
  length = 0
  /** Items taken so far through this handle. */
  put = 0

  /** `onWait` hears when somebody has to wait for room, `onLeave` when somebody gave up, so that those behind may fit. */
  constructor(intake: Intake<T>, onWait: () => void = () => {}, onLeave: () => void = () => {}) {
    this.#intake = intake
    this.#onWait = onWait
    this.#onLeave = onLeave
  }

  /** Offers at once if nobody is in line. True: the store took all; `pending` tells whether it has yet to store them. */
  tryNow(entries: readonly Entry<T>[]): boolean {
    if (this.length > 0 || !this.#intake.offer(entries)) return false
    this.put += entries.length
    return true
  }

  /** As `tryNow`, for what may be a repetition. */
  tryOnce(entries: readonly Entry<T>[], repeat: Repeat): boolean {
    if (this.length > 0 || !this.#offer(entries, repeat)) return false
    this.put += entries.length
    return true
  }

  /** What the store took last is not stored yet. */
  get pending(): boolean {
    return this.#intake.ticket !== 0
  }

  /** The settler hears when what the store took last is stored: at once where it is. */
  whenStored(settler: Settler): void {
    const ticket = this.#intake.ticket
    if (ticket === 0) {
      settler.stored()
      return
    }
    settler.accepted?.()
    this.#lastTicket = ticket
    this.#pending.push(settler)
    this.#tickets.push(ticket)
  }

  /** The settler hears when all that the store took so far is stored, or never will be: at once where it is. */
  whenAllStored(settler: Settler): void {
    if (this.#pending.length === 0) {
      settler.stored()
      return
    }
    this.#pending.push(settler)
    this.#tickets.push(this.#lastTicket)
  }

  wait(entries: readonly Entry<T>[], settler: Settler, repeat?: Repeat): Waiting<T> {
    this.#intake.hold?.(entries)
    const waiting = { entries, repeat, settler, left: false }
    this.#waiting.push(waiting)
    this.length++
    this.#onWait()
    return waiting
  }

  leave(waiting: Waiting<T>): void {
    if (waiting.left) return
    waiting.left = true
    this.length--
    this.#onLeave()
  }

  /** Serves the line while there is room. */
  flush(): void {
    for (let first = this.#waiting.peek(); first; first = this.#waiting.peek()) {
      if (!first.left) {
        if (!this.#offer(first.entries, first.repeat)) return
        this.put += first.entries.length
      }
      this.#waiting.shift()
      if (first.left) continue
      this.length--
      this.whenStored(first.settler)
    }
  }

  /** What all of it makes room for is asked for together. */
  stored(ticket: Ticket): void {
    together(() => {
      for (let first = this.#tickets.peek(); first !== undefined && first <= ticket; first = this.#tickets.peek()) {
        this.#tickets.shift()
        this.#pending.shift()?.stored()
      }
    })
  }

  failed(ticket: Ticket, error: unknown): void {
    for (let count = this.#pending.length; count > 0; count--) {
      const next = this.#pending.shift() as Settler
      const of = this.#tickets.shift() as Ticket
      if (of === ticket) next.failed(error)
      else {
        this.#pending.push(next)
        this.#tickets.push(of)
      }
    }
  }

  /** Turns everybody in line away. */
  refuse(error: unknown): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (next.left) continue
      this.length--
      next.settler.failed(error)
    }
  }

  /** Gives up on what the store accepted and now can never confirm. */
  abandon(error: unknown): void {
    this.#tickets.clear()
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) next.failed(error)
  }

  #offer(entries: readonly Entry<T>[], repeat: Repeat | undefined): boolean {
    const intake = this.#intake
    if (!repeat || !intake.offerOnce) return intake.offer(entries)
    return intake.offerOnce(entries, repeat.client, repeat.number)
  }
}
