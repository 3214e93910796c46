import { Ring } from '../../util/ring.js'

/** Something that can be sent to a child. */
interface Sendable {
  readonly isSuspect: boolean
  readonly isSent: boolean
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
  readonly #whenOver = new Set<() => void>()

  /** Nothing more is to be taken for this child for now. */
  get isOn(): boolean {
    return this.#group.length > 0 || this.#waiting.length > 0
  }

  /** The only item out, where that is or was so when the child died. */
  get alone(): S | undefined {
    const [first] = this.#group
    return this.#group.length === 1 && first?.isSent ? first : undefined
  }

  /** Calls back whenever a quarantine is over, until the answer is called. */
  onOver(callback: () => void): () => void {
    this.#whenOver.add(callback)
    return () => this.#whenOver.delete(callback)
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

  settled(): void {
    const was = this.isOn
    if (--this.#out === 0 && this.#group.length > 0) {
      this.#group = []
      this.#limit *= 2
    }
    if (was) this.#goOn()
  }

  /** A child has died: the next begins with one again. */
  died(): void {
    this.#limit = 1
  }

  /** These are with no child any more. */
  drop(items: readonly S[]): void {
    const was = this.isOn
    const dropped = new Set(items)
    let waiting = 0
    for (let left = this.#waiting.length; left > 0; left--) {
      const next = this.#waiting.shift() as S
      if (dropped.has(next)) waiting++
      else this.#waiting.push(next)
    }
    this.#group = this.#group.filter(item => !dropped.has(item))
    this.#out -= dropped.size - waiting
    if (this.#out === 0) this.#group = []
    if (was) this.#goOn()
  }

  #goOn(): void {
    this.#pump()
    if (!this.isOn) for (const callback of this.#whenOver) callback()
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
