import { Ring } from '../../util/ring.js'

/** Something that can be sent to a child. */
interface Sendable {
  readonly isSuspect: boolean
  send(): void
}

/**
 * Finds out which item kills children. Items that were out whenever one died are sent apart from all others: the first
 * alone, then, as long as the child survives, two, four, eight together. If it dies, the next begins with one again; and
 * what was alone is to blame. Everything else waits meanwhile.
 */
export class Quarantine<S extends Sendable> {
  readonly #waiting = new Ring<S>()
  /** Suspects that are sent together, at most. */
  #limit = 1
  /** Suspects sent together and not all settled yet. */
  #group: S[] = []
  /** Sent and not settled. */
  #out = 0

  /** Nothing more is to be taken for this child for now. */
  get isOn(): boolean {
    return this.#group.length > 0 || this.#waiting.length > 0
  }

  /** The only item out, where that is or was so when the child died. */
  get alone(): S | undefined {
    return this.#group.length === 1 ? this.#group[0] : undefined
  }

  send(item: S): void {
    if (item.isSuspect || this.isOn) {
      this.#waiting.push(item)
      this.#pump()
    } else {
      this.#out++
      item.send()
    }
  }

  /** Answers whether this was the end of the quarantine. */
  settled(): boolean {
    const was = this.isOn
    if (--this.#out === 0 && this.#group.length > 0) {
      this.#group = []
      this.#limit *= 2
    }
    if (was) this.#pump()
    return was && !this.isOn
  }

  /** The child is gone. */
  clear(): void {
    this.#waiting.clear()
    this.#group = []
    this.#limit = 1
    this.#out = 0
  }

  #pump(): void {
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      const others = this.#out - this.#group.length
      if (next.isSuspect ? others > 0 || this.#group.length >= this.#limit : this.#group.length > 0) return
      this.#waiting.shift()
      this.#out++
      if (next.isSuspect) this.#group.push(next)
      next.send()
    }
  }
}
