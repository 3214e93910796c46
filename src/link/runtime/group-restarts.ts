import { type Restarting, Restarts } from './restarts.js'

/** One count and one wait for all links that share a child: when it dies, they start again together. */
export class GroupRestarts {
  readonly #restarts: Restarts
  readonly #waiting = new Set<() => void>()
  #ms: number | undefined

  constructor(restart: { readonly max: number; readonly backoff: number }) {
    this.#restarts = new Restarts(restart)
  }

  /** Of one link: it counts what it has seen itself. */
  member(): Restarting {
    let waiting = (): void => {}
    let count = 0
    return {
      get count() {
        return count
      },
      next: callback => {
        const ms = this.#next(callback)
        if (ms !== undefined) count++
        waiting = callback
        return ms
      },
      progressed: () => this.#restarts.progressed(),
      cancel: () => this.#withdraw(waiting),
    }
  }

  #next(callback: () => void): number | undefined {
    if (this.#waiting.size === 0) this.#ms = this.#restarts.next(() => this.#goOn())
    if (this.#ms !== undefined) this.#waiting.add(callback)
    return this.#ms
  }

  #goOn(): void {
    const callbacks = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of callbacks) callback()
  }

  #withdraw(callback: () => void): void {
    if (this.#waiting.delete(callback) && this.#waiting.size === 0) this.#restarts.cancel()
  }
}
