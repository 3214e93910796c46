import { optionError } from '../errors/option-error.js'
import type { StandardSchema } from './schema.js'

/** Options that every kind of queue understands. */
export interface CommonOptions<T> {
  /** Items, ready, delayed and leased together. Infinity in process. */
  capacity?: number
  /** `get` takes a lease that `taskDone` settles, and `join` waits until nothing is left. */
  joinable?: boolean
  /** Hand-overs before an item goes to `deadLetter`, or, without one, before the subscription ends with the reason. 16. */
  maxAttempts?: number
  deadLetter?: DeadLetter<T>
  /** Checked, synchronously, on the way in and on the way out. */
  schema?: StandardSchema<T>
  /** Shown in metrics and errors. */
  name?: string
}

/** What a dead-letter queue must be able to do. */
export interface DeadLetter<T> {
  /** Every handle of the queue has it. */
  readonly isInherent?: boolean
  put(item: T, o?: { headers?: Record<string, string> }): Promise<void>
}

export function checkCount(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value > 0)) return value
  throw optionError(option, 'a positive whole number or Infinity', value)
}

export function checkDelay(value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return
  throw optionError('delay', 'a number of milliseconds, 0 or more', value)
}

export function checkPriority(value: number | undefined): void {
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return
  throw optionError('priority', 'a number', value)
}
