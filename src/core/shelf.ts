import type { Entry } from './entry.js'

/** The order in which a memory store gives out what it holds. */
export interface Shelf<T> {
  readonly length: number
  put(entry: Entry<T>): void
  take(): Entry<T> | undefined
  /** Puts an entry back to the place that its `seq` gives it. */
  giveBack(entry: Entry<T>): void
  peek(): Entry<T> | undefined
}
