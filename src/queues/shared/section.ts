import type { Arena } from '../../os/arena.js'

/** What happens in every section, whoever asked for it. */
export interface SectionUser {
  /** Under the lock, first. */
  entered(): void
  /** When the lock is free again. */
  left(): void
}

/** The queue's lock: what is done under it, and what waits for it. */
export class Section {
  readonly #arena: Arena
  readonly #user: SectionUser
  #whenFree: (() => void)[] = []
  /** Why the last attempt failed; undefined if it did not. */
  locked: Error | undefined

  constructor(arena: Arena, user: SectionUser) {
    this.#arena = arena
    this.#user = user
  }

  /** False if the lock cannot be had now. */
  enter(): boolean {
    if (!this.#arena.enter()) {
      this.locked = this.#arena.lockedError()
      return false
    }
    this.locked = undefined
    try {
      this.#user.entered()
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    return true
  }

  leave(): void {
    this.#arena.leave()
    this.#user.left()
  }

  /** Does something under the lock; `otherwise` if it cannot be had now. */
  within<R>(work: () => R, otherwise: R): R {
    if (!this.enter()) return otherwise
    let result: R
    try {
      result = work()
    } catch (error) {
      this.#arena.abandon()
      throw error
    }
    this.leave()
    return result
  }

  /** As `within`, as soon as the lock can be had. */
  async eventually<R>(work: () => R): Promise<R> {
    const busy = {}
    for (;;) {
      const result = this.within<R | typeof busy>(work, busy)
      if (result !== busy) return result as R
      await new Promise<void>(resolve => this.#whenFree.push(resolve))
    }
  }

  /** The lock may be free now. */
  free(): void {
    this.locked = undefined
    for (const resolve of this.#whenFree.splice(0)) resolve()
  }
}
