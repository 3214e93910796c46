import type { Entry } from './entry.js'

/** The order in which a memory store gives out what it holds. */
export interface Shelf<T> {
  readonly length: number
  /** It goes by the `priority` of its entries. */
  readonly priorities?: boolean
  put(entry: Entry<T>): void
  take(): Entry<T> | undefined
  /** Puts an entry back to the place that its `seq` gives it. */
  giveBack(entry: Entry<T>): void
  peek(): Entry<T> | undefined
}
