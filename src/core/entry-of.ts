import { optionError } from '../errors/option-error.js'
import { clock, timestamp } from '../util/clock.js'
import { Entry, type EntryOptions, NO_HEADERS } from './entry.js'
import { checkDelay, checkPriority } from './options.js'
import type { Store } from './store.js'

/** The entry for a value and what its put says about it. Throws for options that cannot be, or mean nothing to this kind. */
export function entryOf<T>(value: T, o: EntryOptions, { kind, priorities, keys }: Store<T>): Entry<T> {
  checkDelay(o.delay)
  checkPriority(o.priority)
  if (o.priority !== undefined && !priorities) {
    throw optionError(
      'priority',
      `left out of a put to a queue of kind ${kind}: a priorityQueue has priorities`,
      o.priority,
    )
  }
  if (o.key !== undefined && !keys) {
    throw optionError('key', `left out of a put to a queue of kind ${kind}, which keeps no keys`, o.key)
  }
  const due = o.delay ? clock.now() + o.delay : 0
  return new Entry(value, timestamp(), due, o.priority ?? 0, o.headers ?? NO_HEADERS, o.key)
}
