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

  /** False: it is put off. True: `done` must follow. */
  get allows(): boolean {
    return this.#turn === undefined || performance.now() - this.#last >= APART
  }

  /** It was done. Told afterwards: somebody waits for it. */
  done(): void {
    this.#last = performance.now()
    this.#turn ??= setImmediate(this.#over)
  }

  stop(): void {
    clearImmediate(this.#turn)
  }

  readonly #over = (): void => {
    this.#turn = undefined
    this.#due()
  }
}
