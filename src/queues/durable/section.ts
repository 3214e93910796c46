import { Arena, ITEMS, REST, ROOM } from '../../os/arena.js'
import type { ArenaOptions } from '../../os/arena-file.js'
import type { ArenaUser } from '../../os/arena-user.js'

/** The lock of an arena, for doings that must not fail because somebody holds it: they are done when it comes free. */
export class Section {
  readonly arena: Arena
  /** Why the last call that cannot wait could do nothing; undefined if it could. */
  locked: Error | undefined
  #owed: (() => void)[] = []

  /** `use` is told the arena, and may be asked to take over from the dead, before this returns. */
  constructor(options: ArenaOptions, use: (arena: Arena) => ArenaUser) {
    this.arena = Arena.open(options, use)
  }

  /** Does it under the lock, and answers what it does; `otherwise` if the lock cannot be had now. */
  within<R>(work: () => R, otherwise: R): R {
    const entered = this.arena.enter()
    this.locked = entered ? undefined : this.arena.lockedError()
    if (!entered) return otherwise
    try {
      return work()
    } finally {
      this.arena.leave()
    }
  }

  /** Does it under the lock: now, or, in order, as soon as the lock can be had. */
  do(entering: () => void): void {
    if (this.arena.closed) return
    if (this.#owed.length > 0 || !this.arena.enter()) {
      this.#owed.push(entering)
      return
    }
    try {
      entering()
    } finally {
      this.arena.leave()
    }
  }

  /** As `do`; resolves with what it answers. */
  async eventually<R>(entering: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.do(() => {
        try {
          resolve(entering())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** Under the lock: wakes everybody, whatever they wait for. */
  wakeAll(): void {
    for (const condition of [ITEMS, ROOM, REST]) this.arena.wake(condition)
  }

  /** The lock may be free: does what was put off. */
  unlocked(): void {
    const owed = this.#owed
    this.#owed = []
    for (const entering of owed) this.do(entering)
  }
}
