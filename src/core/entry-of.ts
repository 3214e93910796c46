import { clock, timestamp } from '../util/clock.js'
import { Entry, type EntryOptions, NO_HEADERS } from './entry.js'
import { checkDelay, checkPriority } from './options.js'

/** The entry for a value and what its put says about it. Throws for options that cannot be. */
export function entryOf<T>(value: T, o: EntryOptions): Entry<T> {
  checkDelay(o.delay)
  checkPriority(o.priority)
  const due = o.delay ? clock.now() + o.delay : 0
  return new Entry(value, timestamp(), due, o.priority ?? 0, o.headers ?? NO_HEADERS, o.key)
}
