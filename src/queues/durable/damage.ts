import { countBits } from './count-bits.js'
import type { BytesTable } from './database.js'
import type { Journal } from './journal.js'
import { decodeHead } from './layout.js'
import { DELAYED, type Line } from './ledger.js'

/** Takes records that cannot be read out of the line, so that the others flow on; their bytes are kept. */
export class DamagedRecords {
  readonly #journal: Journal
  readonly #gone: () => void
  readonly #underWay = new Set<string>()

  /** `gone`: the counts have changed. */
  constructor(journal: Journal, gone: () => void) {
    this.#journal = journal
    this.#gone = gone
  }

  /** May be told of the same record again and again. */
  found(line: Line, key: Buffer): void {
    const name = `${line}:${key.toString('hex')}`
    if (this.#underWay.has(name)) return
    this.#underWay.add(name)
    setAside(this.#journal, line, key)
      .then(this.#gone)
      .catch(() => this.#underWay.delete(name))
  }
}

function setAside(journal: Journal, line: Line, key: Buffer): Promise<void> {
  return journal.do((db, meta) => {
    const table = line === DELAYED ? db.delayed : db.items
    const record = table.get(key)
    if (!record) return
    db.damaged.put(key, record)
    db.done.remove(key)
    table.remove(key)
    // What it says of itself may be as wrong as the rest.
    meta.items = countOf(db.items, db.done)
    meta.delayed = countOf(db.delayed, db.done)
  })
}

/** Items of a table that are not settled. */
function countOf(table: BytesTable, done: BytesTable): number {
  let count = 0
  for (const { key, value } of table.getRange()) {
    const items = decodeHead(value).count
    const bits = items > 1 ? done.get(key) : undefined
    count += items - (bits ? countBits(bits) : 0)
  }
  return count
}
