/** Rings, within one turn of the event loop, are this far apart, in ms. */
const APART = 0.5

/**
 * When to do what costs a system call and another process's sleep: the first of a turn at once, those that follow in the same
 * turn together, when half a millisecond has passed or the turn ends.
 */
export class Pace {
  readonly #due: () => void
  #turn: NodeJS.Immediate | undefined
  #last = 0

  /** `due`: what was put off is to be done. */
  constructor(due: () => void) {
    this.#due = due
  }

  /** False: it is put off. */
  get allows(): boolean {
    const now = performance.now()
    if (this.#turn !== undefined && now - this.#last < APART) return false
    this.#last = now
    this.#turn ??= setImmediate(this.#over)
    return true
  }

  stop(): void {
    clearImmediate(this.#turn)
  }

  readonly #over = (): void => {
    this.#turn = undefined
    this.#due()
  }
}
