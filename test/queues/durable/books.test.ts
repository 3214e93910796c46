import { beforeEach, describe, expect, it } from 'vitest'
import { ITEMS as NEWS, REST, ROOM } from '#src/os/arena'
import { Books } from '#src/queues/durable/books'
import { type Changes, Commit } from '#src/queues/durable/commit'
import type { Database } from '#src/queues/durable/database'
import {
  ACKED,
  attemptOf,
  isDelayedWord,
  LEASED,
  MOVING,
  ownerOf,
  RETURNED,
  stateOf,
  wordOf,
} from '#src/queues/durable/lease-table'
import { BEFORE_ALL, DELAYED, ITEMS, type Ledger } from '#src/queues/durable/ledger'
import { turns, until } from '../help.js'
import { scratch } from './help.js'
import { entry, newDatabase, newMove, newPut, newSection, placeOf, work } from './parts.js'

let directory: string
let db: Database
let own: ReturnType<typeof newSection>
let ledger: Ledger
let books: Books

beforeEach(async () => {
  directory = scratch()
  db = await newDatabase(directory)
  own = newSection(directory)
  ledger = own.ledger
  books = new Books(ledger, own.arena, db)
})

const CHANGES: Changes = { repeated: 0, repeatedDelayed: 0, fewerDelayed: 0, lowest: [], highest: [], payloads: [] }
const changes = (some: Partial<Changes>): Changes => ({ ...CHANGES, ...some })
const locked = <R>(call: () => R): R => own.section.within<R | undefined>(call, undefined) as R

/** A parcel of five, one of one and two delayed ones: places 1 to 5, 6, 7 and 8. */
function store(): void {
  const puts = [newPut([1, 2, 3, 4, 5].map(n => entry(n))), newPut([entry(6)], { priority: 2 })]
  const late = newPut([entry(7), entry(8)], { due: 5000 })
  db.commitNow(() => new Commit(db, 0, 0).run(work({ puts: [...puts, late] })))
}

function lease(seq: number, first: number, index: number, word: number): void {
  ledger.table.add(seq, first, index, word)
}

const told = (seq: number) => {
  const at = ledger.table.find(seq)
  if (at < 0) return undefined
  const word = ledger.table.word(at)
  return [stateOf(word), isDelayedWord(word), ownerOf(word), attemptOf(word)]
}
const counts = () => [ledger.held, ledger.delayed, ledger.leased]

describe('the counts of a durable queue, made anew', () => {
  it('are those of the data file, and all is read from the beginning [Q11.3]', () => {
    store()
    ledger.pass(ITEMS, 9, 9)
    ledger.pass(DELAYED, 9, 9)
    Object.assign(ledger, { held: 77, delayed: 88, leased: 99 })
    const { version } = ledger
    db.commitNow(() => {
      db.meta = { ...db.meta, capacity: 12 }
    })
    locked(() => books.recount())
    expect([counts(), ledger.capacity, ledger.version]).toEqual([[8, 2, 0], 12, version + 1])
    for (const line of [ITEMS, DELAYED] as const)
      expect([ledger.first(line), ledger.base(line), ledger.epoch(line)]).toEqual([BEFORE_ALL, 0, 1])
  })

  it('reckon with what is leased, and with what is settled and not written yet', () => {
    store()
    db.commitNow(() => new Commit(db, 0, 0).run(work({ settled: [placeOf(ITEMS, 0, 1, 4)] })))
    lease(1, 0, 0, wordOf(LEASED, false, 9, 1))
    lease(2, 0, 1, wordOf(ACKED, false, 9, 1))
    lease(3, 0, 2, wordOf(MOVING, false, 9, 1))
    lease(4, 0, 3, wordOf(RETURNED, false, 0, 3))
    lease(6, 2, 0, wordOf(RETURNED, false, 0, 4))
    lease(7, 5000, 0, wordOf(ACKED, true, 9, 1))
    lease(8, 5000, 0, wordOf(RETURNED, true, 0, 5))
    // These are there no more.
    lease(5, 0, 4, wordOf(RETURNED, false, 0, 3))
    lease(20, 0, 0, wordOf(ACKED, false, 9, 1))
    lease(21, 0, 0, wordOf(MOVING, false, 9, 1))
    lease(22, 5000, 0, wordOf(RETURNED, true, 9, 1))
    lease(16, 2, 0, wordOf(RETURNED, true, 9, 1))
    lease(17, 5000, 0, wordOf(RETURNED, false, 9, 1))
    lease(23, 0, 0, wordOf(LEASED, true, 9, 1))
    locked(() => books.recount())
    expect(counts()).toEqual([5, 3, 2])
    expect([4, 6, 8].map(told)).toEqual([3, 4, 5].map((attempts, at) => [RETURNED, at === 2, 0, attempts]))
    expect([5, 22, 16, 17].map(told)).toEqual(Array(4).fill(undefined))
    expect([ledger.table.used, ledger.table.seqsWhere(() => true).length]).toEqual([10, 10])
  })

  it('reckon with what is on its way, unless it has arrived', () => {
    store()
    const { transaction } = db.meta
    ledger.account(0).accept(4, 1)
    ledger.account(254).accept(10, 3)
    locked(() => books.recount())
    expect(counts()).toEqual([22, 6, 0])
    ledger.account(254).depart(transaction, 7, 2)
    ledger.account(0).depart(transaction + 1, 4, 1)
    locked(() => books.recount())
    expect(counts()).toEqual([15, 4, 0])
  })
})

describe('the counts of a durable queue, kept', () => {
  const puts = [newPut([entry(1), entry(2)]), newPut([entry(3), entry(4), entry(5)], { due: 7 })]

  it('are told of what departs, arrives, and is refused', () => {
    const account = ledger.account(own.arena.slot)
    account.accept(10, 3)
    Object.assign(ledger, { held: 20, delayed: 5 })
    locked(() => books.departing(9, puts))
    expect([account.pending(8), account.pending(9)]).toEqual([
      { items: 10, delayed: 3 },
      { items: 5, delayed: 0 },
    ])
    const { version } = ledger
    locked(() => books.published(work({ puts }), changes({ repeated: 3, repeatedDelayed: 2, fewerDelayed: 1 })))
    expect([account.accepted, account.acceptedDelayed, counts(), ledger.version]).toEqual([
      5,
      0,
      [17, 2, 0],
      version + 1,
    ])
    account.accept(0, 3)
    locked(() => books.refused(puts))
    expect([account.accepted, account.acceptedDelayed, counts()]).toEqual([0, 0, [12, -1, 0]])
  })

  it('forget what this handle settled, and nothing else', () => {
    const mine = own.arena.slot
    const words = [
      wordOf(ACKED, false, mine, 1),
      wordOf(ACKED, false, mine + 1, 1),
      wordOf(LEASED, false, mine, 1),
      wordOf(MOVING, false, mine, 1),
      wordOf(MOVING, false, mine + 1, 1),
    ]
    for (const how of ['settled', 'moves']) {
      words.forEach((word, at) => void lease(at + 1, 0, at, word))
      const places = [1, 2, 3, 4, 5, 6].map(seq => placeOf(ITEMS, 0, seq))
      const moves = places.map(place => newMove(place, entry(1), 5))
      locked(() => books.published(work(how === 'settled' ? { settled: places } : { moves }), CHANGES))
      const left = [1, 2, 3, 4, 5].filter(seq => told(seq))
      expect(left).toEqual(how === 'settled' ? [2, 3, 4, 5] : [1, 2, 3, 5])
      for (const seq of left) ledger.table.remove(ledger.table.find(seq))
    }
  })

  it('take back who would overlook what is new, or would take what is gone', () => {
    for (const line of [ITEMS, DELAYED] as const) {
      const published = (some: Partial<Changes>) => {
        ledger.pass(line, 5, 5)
        ledger.readUpTo(line, 7, 7)
        const epoch = ledger.epoch(line)
        locked(() => books.published(work({}), changes(some)))
        return [ledger.epoch(line) - epoch, ledger.first(line), ledger.base(line)]
      }
      const at = (first: number, base: number): [number, number][] => {
        const places: [number, number][] = []
        places[line] = [first, base]
        return places
      }
      expect(published({ lowest: at(4, 9) })).toEqual([1, 4, 9])
      expect(published({ lowest: at(6, 1) })).toEqual([1, 5, 5])
      expect(published({ lowest: at(7, 8) })).toEqual([0, 5, 5])
      expect(published({ highest: at(5, 4) })).toEqual([0, 5, 5])
      expect(published({ highest: at(5, 5) })).toEqual([1, 5, 5])
      expect(published({ highest: at(9, 9) })).toEqual([1, 5, 5])
      expect(published({ lowest: at(4, 9), highest: at(9, 9) })).toEqual([1, 4, 9])
      expect(published({ lowest: at(7, 8), highest: at(6, 0) })).toEqual([1, 5, 5])
    }
  })
})

describe('who waits at a durable queue', () => {
  const attending = (conditions: number) => {
    const one = newSection(directory)
    one.arena.attend(conditions)
    one.arena.arm(conditions)
    return one
  }

  it('for items is woken as many as there are [Q13.4]', async () => {
    const all = [attending(NEWS), attending(NEWS), attending(ROOM | REST)]
    ledger.held = 5
    const woken = () => all.filter(({ heard }) => heard.length > 0).length
    locked(() => books.published(work({ puts: [newPut([entry(1)])] }), CHANGES))
    await until(() => woken() > 0)
    await turns(5)
    expect(woken()).toBe(1)
    for (const { arena, heard } of all.slice(0, 2)) {
      heard.length = 0
      arena.arm(NEWS)
    }
    locked(() => books.published(work({ puts: [newPut([entry(1), entry(2)])] }), CHANGES))
    await until(() => woken() > 1)
    expect(all[2]?.heard).toEqual([])
  })

  it('for room is woken by what was refused or a repetition; for rest, when nothing is left', async () => {
    const waits = { room: attending(ROOM), rest: attending(REST), items: attending(NEWS) }
    const heard = async () => {
      await turns(5)
      return Object.entries(waits)
        .filter(([, one]) => one.heard.splice(0).length > 0)
        .map(([name]) => name)
    }
    const again = () => {
      waits.room.arena.arm(ROOM)
      waits.rest.arena.arm(REST)
      waits.items.arena.arm(NEWS)
    }
    ledger.held = 5
    locked(() => books.published(work({}), CHANGES))
    expect(await heard()).toEqual([])
    locked(() => books.published(work({}), changes({ repeated: 1 })))
    await until(() => waits.room.heard.length > 0)
    expect(await heard()).toEqual(['room'])
    again()
    locked(() => books.refused([newPut([entry(1)])]))
    await until(() => waits.room.heard.length > 0)
    expect(await heard()).toEqual(['room'])
    again()
    ledger.held = 0
    locked(() => books.published(work({}), CHANGES))
    await until(() => waits.rest.heard.length > 0)
    expect(await heard()).toEqual(['rest'])
  })

  it('for room to lease is woken when there is some', async () => {
    const waiting = attending(NEWS)
    Object.assign(ledger, { held: 5, starved: true })
    for (let seq = 1; seq <= 24_576; seq++) lease(seq, 0, 0, wordOf(LEASED, false, 9, 1))
    locked(() => books.published(work({}), CHANGES))
    await turns(5)
    expect([ledger.starved, waiting.heard]).toEqual([true, []])
    ledger.table.remove(ledger.table.find(7))
    locked(() => books.published(work({}), CHANGES))
    await until(() => waiting.heard.length > 0)
    expect(ledger.starved).toBe(false)
    waiting.heard.length = 0
    waiting.arena.arm(NEWS)
    locked(() => books.published(work({}), CHANGES))
    await turns(5)
    expect(waiting.heard).toEqual([])
  })
})

describe('what a dead participant left', () => {
  it('is in line again, its attempts counted; what it had settled is for who finds it [Q6.3] [Q6.4]', () => {
    const mine = own.arena.slot
    const dead = mine + 3
    lease(1, 5, 0, wordOf(LEASED, false, dead, 2))
    lease(2, 5, 1, wordOf(ACKED, false, dead, 3))
    lease(3, 9, 0, wordOf(ACKED, true, dead, 4))
    lease(4, 9, 0, wordOf(MOVING, true, dead, 5))
    lease(5, 5, 0, wordOf(RETURNED, false, dead, 6))
    lease(6, 5, 0, wordOf(LEASED, false, mine, 7))
    ledger.account(dead).accept(3, 1)
    ledger.account(mine).accept(2, 1)
    ledger.clear(100, mine)
    expect(locked(() => books.reap(dead))).toEqual([
      { seq: 2, line: ITEMS, first: 5, index: 1, entry: undefined },
      { seq: 3, line: DELAYED, first: 9, index: 0, entry: undefined },
    ])
    expect([1, 2, 3, 4, 5, 6].map(told)).toEqual([
      [RETURNED, false, 0, 2],
      [ACKED, false, mine, 3],
      [ACKED, true, mine, 4],
      [RETURNED, true, 0, 5],
      [RETURNED, false, dead, 6],
      [LEASED, false, mine, 7],
    ])
    expect([ledger.account(dead).accepted, ledger.account(mine).accepted, ledger.clearing]).toEqual([0, 2, mine])
    // Who leaves by itself settles nothing more.
    expect(locked(() => books.reap(mine))).toEqual([])
    expect([2, 3, 6].map(told)).toEqual([
      [RETURNED, false, 0, 3],
      [RETURNED, true, 0, 4],
      [RETURNED, false, 0, 7],
    ])
    expect([ledger.account(mine).accepted, ledger.clearing, ledger.cleared]).toEqual([0, -1, 0])
  })
})
