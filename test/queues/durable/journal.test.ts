import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Reference } from '#src/core/spill'
import type { Changes, Place, Put, Work } from '#src/queues/durable/commit'
import type { Database } from '#src/queues/durable/database'
import { Journal, type JournalOwner } from '#src/queues/durable/journal'
import { ITEMS } from '#src/queues/durable/ledger'
import { type Payload, Payloads } from '#src/queues/durable/payloads'
import { codeOf, codeThrown, turns, until } from '../help.js'
import { scratch } from './help.js'
import { entry, newDatabase, newMove, newPut, placeOf } from './parts.js'

/** Writes down what it hears, and says what it is told to say. */
class Owner implements JournalOwner {
  readonly departed: [transaction: number, tickets: number[]][] = []
  readonly arrived: number[][] = []
  readonly works: Work[] = []
  readonly changes: Changes[] = []
  readonly refused: [ticket: number, code: unknown][] = []
  isBusy = false
  /** Asked so often, it says that it is busy though it was not. */
  busyAt = 0
  asked = 0
  /** Done when something has departed, in the next turn. */
  whenDeparted: (() => void) | undefined
  #answer = true
  #waiting: (() => void)[] = []
  readonly #missing: string[] = []

  mayCommit(): boolean {
    this.#answer = ++this.asked !== this.busyAt && !this.isBusy
    return this.#answer
  }

  allowedNow(): boolean {
    return !this.isBusy
  }

  allowed(): Promise<void> {
    return this.isBusy ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve()
  }

  allow(): void {
    this.isBusy = false
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  departing(transaction: number, { puts }: Work): void {
    this.departed.push([transaction, puts.map(({ ticket }) => ticket)])
    const payloads = puts.flatMap(put => put.payloads).map(({ name }) => join(directory, 'payloads', name))
    this.#missing.push(...payloads.filter(path => !existsSync(path)))
    expect([this.#missing, this.#answer]).toEqual([[], true])
    const then = this.whenDeparted
    this.whenDeparted = undefined
    if (then) setImmediate(then)
  }

  committed(work: Work, changes: Changes): void {
    this.arrived.push(work.puts.map(({ ticket }) => ticket))
    this.works.push(work)
    this.changes.push(changes)
  }

  failed(puts: readonly Put[], error: unknown): void {
    for (const { ticket } of puts) this.refused.push([ticket, (error as { code?: unknown }).code])
  }
}

let directory: string
let db: Database
let owner: Owner
let payloads: Payloads
let journal: Journal
let tickets: number

beforeEach(async () => {
  directory = scratch()
  db = await newDatabase(directory)
  owner = new Owner()
  payloads = new Payloads(directory)
  journal = new Journal(db, payloads, 0, owner)
  tickets = 0
})

function put(o: Partial<Put> = {}): void {
  const ticket = ++tickets
  journal.put({ ...newPut([entry(ticket)]), ticket, ...o })
}

/** A file of its own; `source`: what there is none of. */
function putLarge(source?: string): Payload {
  const { entry: small, payload } = payloads.spill(entry(`${tickets}`.repeat(100)))
  const one = source ? { ...payload, source } : payload
  put({ ...newPut([small]), ticket: tickets + 1, payloads: [one] })
  return one
}

const items = (): number => {
  db.refresh()
  return db.meta.items
}
const place = (seq: number): Place => placeOf(ITEMS, 0, seq)
const stored = () => owner.arrived.flat()
const files = () => (existsSync(join(directory, 'payloads')) ? readdirSync(join(directory, 'payloads')) : [])

describe('the journal of a durable queue', () => {
  it('writes what comes in a turn in one transaction, and what comes on its way in the next [Q12.1]', async () => {
    const { transaction } = db.meta
    put()
    put()
    await turns(1)
    for (let n = 0; n < 5; n++) put()
    await journal.drain()
    expect([items(), stored()]).toEqual([7, [1, 2, 3, 4, 5, 6, 7]])
    expect(owner.departed.length).toBeLessThanOrEqual(2)
    expect(owner.departed.map(([number]) => number)).toEqual(owner.departed.map((_, at) => transaction + 1 + at))
    expect(owner.departed.map(([, some]) => some)).toEqual(owner.arrived)
    // Nothing is to be done.
    await journal.drain()
    journal.flush()
    expect([db.meta.transaction, owner.arrived.flat().length]).toEqual([transaction + owner.departed.length, 7])
  })

  it('writes all that it has before a call that cannot wait returns, each thing once, whatever is on its way', async () => {
    for (let round = 0; round < 60; round++) {
      const before = tickets
      put()
      for (let turn = round % 5; turn > 0; turn--) await undefined
      if (round % 10 > 4) await turns(1)
      const isTwice = round % 2 === 0
      if (isTwice) put()
      let done = 0
      const task = journal.do(() => void done++)
      journal.flush()
      const expected = Array.from({ length: isTwice ? 2 : 1 }, (_, at) => before + 1 + at)
      expect([stored(), done, items()]).toEqual([expected, 1, expected.length])
      await task
      await journal.drain()
      await turns(2)
      expect([stored(), done, items()]).toEqual([expected, 1, expected.length])
      owner.arrived.length = 0
      for (const one of expected) journal.settle(place(one))
      journal.flush()
      expect(items()).toBe(0)
    }
    expect(owner.refused).toEqual([])
  })

  it('takes nothing that is on the disk already for what it has to write, though it was not told yet', async () => {
    for (let round = 0; round < 20; round++) {
      const flushed = new Promise<void>(resolve => {
        owner.whenDeparted = () => {
          put()
          journal.flush()
          expect(items()).toBe(2 * round + 2)
          resolve()
        }
      })
      put()
      await flushed
      await journal.drain()
    }
    expect([stored(), items(), owner.refused]).toEqual([Array.from({ length: 40 }, (_, n) => n + 1), 40, []])
  })

  it('refuses what the disk has no room for, when the call that put it is over', async () => {
    put()
    await journal.drain()
    const [parcel] = newPut([entry(2)]).parcels
    const endless = Object.defineProperty(Buffer.from(parcel!.bytes), 'length', { value: 1e18 })
    put({ parcels: [{ bytes: endless, count: 1 }] })
    putLarge()
    expect(owner.refused).toEqual([])
    journal.settle(place(1))
    await journal.drain()
    expect([owner.refused, stored(), items()]).toEqual([[2, 3].map(ticket => [ticket, 'ERR_NO_SPACE']), [1], 0])
    await until(() => files().length === 0)
  })

  it('tells what was settled, moved and done, and removes the files that nobody refers to any more', async () => {
    put()
    put()
    putLarge()
    await journal.drain()
    expect([items(), files().length]).toEqual([3, 1])
    journal.settle(place(1))
    journal.move(newMove(place(2), entry(2), 5000))
    journal.settle(place(3))
    let seen: unknown
    await journal.do((database, meta) => {
      seen = [database === db, meta.items, meta.delayed]
      meta.capacity = 9
    })
    await journal.drain()
    const { settled, moves, tasks } = owner.works.at(-1) as Work
    expect([settled.length, moves.length, tasks.length, seen]).toEqual([2, 1, 1, [true, 0, 1]])
    expect([items(), db.meta.delayed, db.meta.capacity, owner.changes.at(-1)?.payloads.length]).toEqual([0, 1, 9, 1])
    await until(() => files().length === 0)
  })

  it('stores no item before its file, and none before those that were put before it [S5] [Q1.1]', async () => {
    putLarge()
    await turns(1)
    putLarge()
    put()
    putLarge()
    put()
    await journal.drain()
    expect([stored(), items(), files().length]).toEqual([[1, 2, 3, 4, 5], 5, 3])
    putLarge()
    put()
    putLarge()
    journal.flush()
    expect([stored(), items(), files().length]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], 8, 5])
  })

  it('refuses what it cannot write the file of, and stores the rest', async () => {
    put()
    putLarge()
    putLarge(join(directory, 'missing'))
    put()
    putLarge(join(directory, 'missing'))
    await journal.drain()
    const failed = owner.refused.map(([ticket]) => ticket)
    expect([stored(), failed]).toEqual([
      [1, 4],
      [2, 3, 5],
    ])
    await until(() => files().length === 0)
    putLarge()
    await journal.drain()
    expect([stored(), items()]).toEqual([[1, 4, 6], 3])
  })

  it('refuses all puts of a call that cannot wait where the file of one cannot be written', async () => {
    put()
    putLarge()
    putLarge(join(directory, 'missing'))
    expect(codeThrown(() => journal.flush())).toBe('ERR_FILE')
    expect(owner.refused.map(([ticket, code]) => [ticket, code])).toEqual([
      [1, 'ERR_FILE'],
      [2, 'ERR_FILE'],
      [3, 'ERR_FILE'],
    ])
    await journal.drain()
    await until(() => files().length === 0)
    expect([stored(), items()]).toEqual([[], 0])
  })

  it('waits while it must not commit, and tells who cannot wait', async () => {
    owner.isBusy = true
    put()
    await turns(3)
    expect(owner.asked).toBe(1)
    put()
    putLarge()
    expect(codeThrown(() => journal.flush())).toBe('ERR_BUSY')
    expect([owner.refused, stored(), items()]).toEqual([[[3, 'ERR_BUSY']], [], 0])
    journal.end()
    expect(owner.refused).toEqual([
      [3, 'ERR_BUSY'],
      [2, 'ERR_BUSY'],
    ])
    owner.allow()
    await journal.drain()
    expect([stored(), items()]).toEqual([[1], 1])
  })

  it('writes nothing in a transaction in which it must not, and all in a later one', async () => {
    owner.busyAt = 2
    const { transaction } = db.meta
    put()
    await journal.drain()
    expect([stored(), items(), owner.departed.length, db.meta.transaction]).toEqual([[1], 1, 1, transaction + 1])
  })
})

describe('a transaction of a durable queue that fails', () => {
  const broken = (): Promise<string | undefined> =>
    codeOf(
      journal.do(() => {
        throw new Error('broken')
      }),
    )

  it('fails its puts, and keeps what was settled and moved for the next one [Q12.1]', async () => {
    put()
    put()
    await journal.drain()
    // What comes while its file is written is in the same transaction.
    putLarge()
    journal.settle(place(1))
    journal.move(newMove(place(2), entry(2), 5000))
    const failed = broken()
    expect(await failed).toBe('ERR_FILE')
    await journal.drain()
    expect([owner.refused, items(), db.meta.delayed, stored()]).toEqual([[[3, 'ERR_FILE']], 0, 1, [1, 2]])
    await until(() => files().length === 0)
  })

  it('fails in the call of who cannot wait', async () => {
    put()
    journal.flush()
    journal.settle(place(1))
    put()
    const failed = broken()
    expect(codeThrown(() => journal.flush())).toBe('ERR_FILE')
    expect([await failed, owner.refused, items()]).toEqual(['ERR_FILE', [[2, 'ERR_FILE']], 1])
    journal.flush()
    expect([items(), stored()]).toEqual([0, [1]])
    // No file was to be written.
    expect(existsSync(join(directory, 'payloads'))).toBe(false)
  })

  it('is tried again after a second where nothing but what can wait was in it, or at once for who cannot', async () => {
    put()
    put()
    await journal.drain()
    journal.settle(place(1))
    expect(await broken()).toBe('ERR_FILE')
    await journal.drain()
    expect(items()).toBe(2)
    journal.flush()
    expect(items()).toBe(1)
    journal.settle(place(2))
    put()
    await until(() => items() === 1 && stored().length === 3)
    await journal.drain()
    expect([db.items.getKeysCount(), owner.refused]).toEqual([1, []])
  })

  it('fails all that waits when the directory is gone [Q16.1]', async () => {
    rmSync(directory, { recursive: true })
    put()
    const failed = codeOf(journal.do(() => {}))
    putLarge()
    await journal.drain()
    expect([await failed, owner.refused]).toEqual([
      'ERR_FILE',
      [
        [1, 'ERR_FILE'],
        [2, 'ERR_FILE'],
      ],
    ])
    // The next one need not wait to be told.
    put()
    await journal.drain()
    expect(owner.refused.length).toBe(3)
  })

  it('leaves nothing where the file of a large item was written already', async () => {
    const one = putLarge()
    payloads.writeNow([one])
    const failed = broken()
    expect([codeThrown(() => journal.flush()), await failed]).toEqual(['ERR_FILE', 'ERR_FILE'])
    await until(() => files().length === 0)
    expect([new Reference(one.name, 1, '').file, owner.refused]).toEqual([one.name, [[1, 'ERR_FILE']]])
  })
})
