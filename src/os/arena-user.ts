/** What an arena asks of the kind of queue that lives in it. None of it may throw. */
export interface ArenaUser {
  /** Under the lock, before anything else: somebody died in the section. Makes the body whole again; may be repeated. */
  repair(): void
  /**
   * Under the lock: the owner of this slot is gone, or (at `close` and at the end of the process) leaves. What it leased is
   * returned, what it waited with is forgotten; `wake` may be called. The slot comes free afterwards, so that a death on the way repeats it.
   */
  reap(slot: number): void
  /** Outside the lock: what this handle attends (some of these conditions) may have come about: look, and arm again what is missing. */
  news(conditions: number): void
  /** Outside the lock: it could not be had, and may be free now. */
  unlocked(): void
  /** Outside the lock, at the end of the process or thread, before the handle is closed: the last chance to store what waits to be. */
  ending?(): void
}
