import type { Arena } from '../../os/arena.js'
import type { Place } from './commit.js'
import type { Database } from './database.js'
import { itemOf } from './durable-lease.js'
import { hasBit } from './has-bit.js'
import type { Journal } from './journal.js'
import { decodeHead, HEAD } from './layout.js'
import { RETURNED, stateOf } from './lease-table.js'
import { BEFORE_ALL, DELAYED, ITEMS, type Ledger } from './ledger.js'
import { LineRecord } from './line-reader.js'
import type { Payloads } from './payloads.js'

/** How long to wait for a lock that somebody holds, in ms. */
const PAUSE = 5

/** Removes everything that nobody has leased, in one transaction, and answers it. */
export async function clearAll<T>(ledger: Ledger, arena: Arena, journal: Journal, payloads: Payloads): Promise<T[]> {
  for (;;) {
    let values: T[] | undefined
    const done = journal.do((db, meta) => {
      if (!arena.enter()) return
      try {
        // From here on nobody takes what is about to go.
        ledger.clear(meta.next, arena.slot)
        const found = [...free<T>(db, ledger, payloads, ITEMS), ...free<T>(db, ledger, payloads, DELAYED)]
        values = found.map(({ entry }) => itemOf(entry, payloads))
        return found
      } finally {
        arena.leave()
      }
    })
    const error = await done.then(
      () => undefined,
      reason => ({ reason }),
    )
    while (!arena.enter()) await pause()
    ledger.clear(0, -1)
    for (const line of [ITEMS, DELAYED] as const) {
      // Where it is not on the disk, everything is there still, and somebody may have passed it.
      if (error) ledger.lower(line, BEFORE_ALL, 0)
      else ledger.readAnew(line)
    }
    if (!error) ledger.held -= values?.length ?? 0
    ledger.advance()
    arena.leave()
    if (error) throw error.reason
    if (values) return values
    await pause()
  }
}

/** The items of a line that nobody has; those that were given back are free of it. */
function free<T>(
  db: Database,
  ledger: Ledger,
  payloads: Payloads,
  line: typeof ITEMS | typeof DELAYED,
): (Place & { entry: LineRecord<T>['entries'][number] })[] {
  const { table } = ledger
  const places: (Place & { entry: LineRecord<T>['entries'][number] })[] = []
  for (const { key, value } of (line === DELAYED ? db.delayed : db.items).getRange()) {
    const record = new LineRecord<T>(line, key, decodeHead(value), value.subarray(HEAD), payloads)
    if (!record.isReadable) continue
    const bits = record.head.count > 1 ? db.done.get(key) : undefined
    for (const [index, entry] of record.entries.entries()) {
      if (hasBit(bits, index)) continue
      const seq = record.base + index
      const at = table.find(seq)
      if (at >= 0 && stateOf(table.word(at)) !== RETURNED) continue
      if (at >= 0) table.remove(at)
      places.push({ seq, line, first: record.first, index, entry })
    }
  }
  return places
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, PAUSE))
}
