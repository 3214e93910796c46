import { beforeEach, describe, expect, it } from 'vitest'
import { type Changes, Commit, type Work } from '#src/queues/durable/commit'
import type { Database } from '#src/queues/durable/database'
import { ITEMS } from '#src/queues/durable/ledger'
import { entry, newDatabase, newPut, placeOf, work } from './parts.js'

const KEY_TTL = 50

let db: Database
beforeEach(async () => {
  db = await newDatabase()
})

function commit(some: Partial<Work>, now = 1000, keyTtl = KEY_TTL): { changes: Changes; transaction: number } {
  let transaction = 0
  let changes: Changes | undefined
  db.commitNow(() => {
    const one = new Commit(db, keyTtl, now)
    transaction = one.run(work(some))
    changes = one.changes
  })
  return { changes: changes as Changes, transaction }
}

describe('a transaction of a durable queue', () => {
  it('does not forget a key that is in the queue again, where it was free at once [P16]', () => {
    const put = (now: number) => commit({ puts: [newPut([entry(now, now, 'key')])] }, now, 0).changes.repeated
    expect(put(1000)).toBe(0)
    commit({ settled: [placeOf(ITEMS, 0, 1)] }, 1001, 0)
    expect([put(1002), put(1003), put(1004)]).toEqual([0, 1, 1])
  })

  it('does not count an item twice against its key that was settled before by one who died [P16]', () => {
    commit({ puts: [newPut([entry('a', 1000, 'key'), entry('b', 1000, 'key')])] })
    const place = placeOf(ITEMS, 0, 1)
    commit({ settled: [place] })
    commit({ settled: [place] })
    // The other one is in the queue still.
    const { changes } = commit({ puts: [newPut([entry('c', 1000, 'key')])] }, 1000 + 2 * KEY_TTL)
    expect([changes.repeated, db.meta.items]).toEqual([1, 1])
  })
})
