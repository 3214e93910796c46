import { optionError } from '../errors/option-error.js'

/**
 * What becomes of items for a destination that is slower than the link:
 * - `wait`: the link waits for it, and with it all other destinations.
 * - `{ buffer: n }`: up to n items wait for it in the link, while the others go on.
 * - `dropOldest`, `dropNewest`, or with a number of their own: as a buffer, of 256 items; when it is full, the oldest
 *   one, or the one that comes, is not stored here.
 * - `{ detach: ms }`: the link waits; a destination that has stored nothing of what it was owed for so long is removed.
 *
 * What no destination has stored is never acknowledged: it goes back to its source, and comes again.
 */
export type WhenSlow =
  | 'wait'
  | 'dropOldest'
  | 'dropNewest'
  | { buffer: number }
  | { dropOldest: number }
  | { dropNewest: number }
  | { detach: number }

export type SlowKind = 'wait' | 'buffer' | 'dropOldest' | 'dropNewest' | 'detach'

/** The same in one form, which crosses to a child. `limit`: items, or, to detach, milliseconds. */
export interface SlowPolicy {
  readonly kind: SlowKind
  readonly limit: number
}

const BUFFER = 256

export function slowPolicy(o: WhenSlow | undefined = 'wait'): SlowPolicy {
  if (o === 'wait') return { kind: o, limit: 0 }
  if (o === 'dropOldest' || o === 'dropNewest') return { kind: o, limit: BUFFER }
  const entries = typeof o === 'object' && o !== null ? Object.entries(o) : []
  const [kind, limit] = entries[0] ?? []
  const known = kind === 'buffer' || kind === 'dropOldest' || kind === 'dropNewest' || kind === 'detach'
  if (entries.length === 1 && known && isLimit(limit, kind)) return { kind, limit }
  throw optionError(
    'whenSlow',
    "'wait', 'dropOldest', 'dropNewest', or one of { buffer }, { dropOldest }, { dropNewest }, { detach } with a number",
    o,
  )
}

/** Items on their way to a destination of another process that buffers: those that wait are kept where they can be dropped. */
export const ON_THE_WAY = 64

/** Items that may be out of a source, besides its window, because a buffer of the link holds them. */
export function bufferOf({ kind, limit }: SlowPolicy): number {
  return kind === 'wait' || kind === 'detach' ? 0 : limit + ON_THE_WAY
}

function isLimit(limit: unknown, kind: string): limit is number {
  if (limit === Number.POSITIVE_INFINITY) return true
  return typeof limit === 'number' && limit > 0 && (kind === 'detach' || Number.isInteger(limit))
}
