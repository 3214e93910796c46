import type { Database } from './database.js'
import { itemOf } from './durable-lease.js'
import { hasBit } from './has-bit.js'
import { decodeHead, HEAD, keyOf } from './layout.js'
import { ACKED, stateOf } from './lease-table.js'
import { DELAYED, ITEMS, type Ledger } from './ledger.js'
import { LineRecord } from './line-reader.js'
import type { Payloads } from './payloads.js'
import type { StoredItem } from './stored-item.js'

/** Records that are read at once, so that no transaction stays open while somebody works on an item. */
const PAGE = 32

/** What is in line, in order, then what waits for its time, in the order in which it falls due. Leased items are among them. */
export function* snapshotOf<T>(
  db: Database,
  ledger: Ledger,
  payloads: Payloads,
  follow: () => void,
): Generator<StoredItem<T>> {
  // In this order: an item may move from the first to the second meanwhile, never back.
  for (const line of [ITEMS, DELAYED] as const) {
    let start = keyOf(Number.NEGATIVE_INFINITY, 0)
    for (;;) {
      follow()
      const table = line === DELAYED ? db.delayed : db.items
      const page = [...table.getRange({ start, limit: PAGE })]
      for (const { key, value } of page) {
        const record = new LineRecord<T>(line, key, decodeHead(value), value.subarray(HEAD), payloads)
        if (record.isReadable) yield* itemsOf(record, db, ledger, payloads)
      }
      const last = page.at(-1)
      if (!last || page.length < PAGE) break
      start = Buffer.concat([last.key, Buffer.of(0)])
    }
  }
}

function* itemsOf<T>(
  record: LineRecord<T>,
  db: Database,
  { table }: Ledger,
  payloads: Payloads,
): Generator<StoredItem<T>> {
  const { line, first, base, head, entries } = record
  const settled = head.count > 1 ? db.done.get(keyOf(first, base)) : undefined
  for (const [index, entry] of entries.entries()) {
    if (hasBit(settled, index)) continue
    const at = table.find(base + index)
    // Settled, and not written yet.
    if (at >= 0 && stateOf(table.word(at)) === ACKED) continue
    const { key, headers } = entry
    const delay = line === DELAYED ? Math.max(0, first - Date.now()) : 0
    const enqueuedAt = line === DELAYED ? entry.enqueuedAt : head.place
    let value: T
    try {
      value = itemOf(entry, payloads)
    } catch (error) {
      // A large item goes with its file, perhaps after the record was read.
      db.refresh()
      const records = line === DELAYED ? db.delayed : db.items
      if (!records.doesExist(keyOf(first, base))) return
      throw error
    }
    yield { value, priority: head.priority, delay, key, headers, enqueuedAt }
  }
}
