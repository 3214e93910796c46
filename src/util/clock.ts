/** Where time comes from: the system, or a virtual clock that a test puts in its place. */
export interface Clock {
  now(): number
  /** Calls back once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, callback: () => void): () => void
  /** Calls back in the next macrotask; the answer cancels it. */
  soon(callback: () => void): () => void
}

/** setTimeout fires at once for anything larger. */
const LONGEST_TIMER = 2 ** 31 - 1

const system: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER))
    return () => clearTimeout(timer)
  },
  soon(callback) {
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  },
}

let current: Clock = system

// Asking the system for the time costs more than moving an item, so that one answer serves a turn, or 1,024 items of it. Where items come
// one by one, each in a turn of its own, the microtask that ends it costs more still: then most are asked for by themselves.
const RESOLVED = Promise.resolve()
const ITEMS = 1024
const ALONE = 15
let stamp = 0
let stampsLeft = 0
let alone = 0
const forget = (): void => {
  if (stampsLeft === ITEMS) alone = ALONE
  stampsLeft = 0
}

/** The time in ms at which an item came; may be as old as the turn of the event loop. */
export function timestamp(): number {
  if (current !== system) return current.now()
  if (stampsLeft > 0) {
    stampsLeft--
    return stamp
  }
  stamp = Date.now()
  if (alone-- > 0) return stamp
  alone = 0
  // A microtask, and cheaper than queueMicrotask.
  RESOLVED.then(forget)
  stampsLeft = ITEMS
  return stamp
}

/** The clock that everything in this thread waits by. */
export const clock: Clock = {
  now: () => current.now(),
  after: (ms, callback) => current.after(ms, callback),
  soon: callback => current.soon(callback),
}

/** Puts another clock in place; the answer puts the old one back. Idea: RxJS's timeoutProvider. */
export function useClock(other: Clock): () => void {
  const before = current
  current = other
  return () => {
    current = before
  }
}
