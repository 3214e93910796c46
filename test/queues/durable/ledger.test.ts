import { describe, expect, it } from 'vitest'
import { LEASED } from '#src/queues/durable/lease-table'
import { BEFORE_ALL, DELAYED, ITEMS, LEDGER_BYTES, Ledger } from '#src/queues/durable/ledger'

const LINES = [ITEMS, DELAYED] as const
const newLedger = (buffer = new ArrayBuffer(LEDGER_BYTES + 64)) => new Ledger(buffer, 64)

describe('what all know together of a durable queue', () => {
  it('has a place for each number, which those who map the same memory see', () => {
    const buffer = new ArrayBuffer(LEDGER_BYTES + 64)
    const [ledger, other] = [newLedger(buffer), newLedger(buffer)]
    Object.assign(ledger, { held: 1.5, leased: 2.5, delayed: 3.5, capacity: Number.POSITIVE_INFINITY })
    Object.assign(ledger, { shut: true, removed: true, starved: true, generation: 4, compacting: 254 })
    ledger.clear(5.5, 253)
    for (const line of LINES) {
      for (let time = 0; time <= line; time++) ledger.readAnew(line)
      ledger.readUpTo(line, 20 + line, 30 + line)
      ledger.pass(line, 6.5 + line, 8.5 + line)
    }
    ledger.advance()
    for (const slot of [0, 1, 254]) {
      ledger.account(slot).accept(slot + 10, slot + 20)
      ledger.account(slot).depart(1000 + slot, slot + 2, slot + 3)
    }
    ledger.table.add(7, 8, 9, LEASED)
    const { held, leased, delayed, capacity, shut, removed, starved, generation, compacting, cleared, clearing } = other
    expect([held, leased, delayed, capacity, shut, removed, starved]).toEqual([
      1.5,
      2.5,
      3.5,
      Infinity,
      true,
      true,
      true,
    ])
    expect([generation, compacting, cleared, clearing, other.version]).toEqual([4, 254, 5.5, 253, 1])
    const cursors = LINES.map(line => [other.first(line), other.base(line), other.epoch(line)])
    expect(cursors).toEqual([
      [6.5, 8.5, 1],
      [7.5, 9.5, 2],
    ])
    for (const slot of [0, 1, 254]) {
      const account = other.account(slot)
      expect([account.accepted, account.acceptedDelayed]).toEqual([slot + 10, slot + 20])
      expect(account.pending(1000 + slot)).toEqual({ items: 8, delayed: 17 })
    }
    expect([other.account(2).accepted, other.account(253).acceptedDelayed]).toEqual([0, 0])
    expect([other.table.find(7), other.table.used]).toEqual([ledger.table.find(7), 1])
    for (const of of ['shut', 'removed', 'starved'] as const) other[of] = false
    other.compacting = -1
    other.clear(0, -1)
    expect([ledger.shut, ledger.removed, ledger.starved, ledger.compacting, ledger.clearing]).toEqual([
      false,
      false,
      false,
      -1,
      -1,
    ])
  })

  it('is all zero at first: nobody compacts, nobody clears', () => {
    const ledger = newLedger()
    const { held, leased, delayed, version, compacting, clearing, shut, removed, starved } = ledger
    expect([held, leased, delayed, version, compacting, clearing]).toEqual([0, 0, 0, 0, -1, -1])
    expect([shut, removed, starved, ledger.account(0).pending(9)]).toEqual([
      false,
      false,
      false,
      { items: 0, delayed: 0 },
    ])
  })

  it('tells what stands before its cursors, and what nobody who read ahead would see', () => {
    for (const line of LINES) {
      const ledger = newLedger()
      const other = line === ITEMS ? DELAYED : ITEMS
      const asked = (is: 'isPassed' | 'isOverlooked', of = line) =>
        [
          [4, 9],
          [5, 6],
          [5, 7],
          [5, 8],
          [6, 0],
        ].map(([first, base]) => ledger[is](of, first as number, base as number))
      ledger.readAnew(line)
      ledger.pass(line, 5, 7)
      expect([asked('isPassed'), asked('isOverlooked')]).toEqual([
        [true, true, false, false, false],
        [true, true, false, false, false],
      ])
      ledger.readUpTo(line, 5, 8)
      // Somebody else has read less.
      ledger.readUpTo(line, 4, 100)
      ledger.readUpTo(line, 5, 7)
      expect([asked('isPassed'), asked('isOverlooked')]).toEqual([
        [true, true, false, false, false],
        [true, true, true, false, false],
      ])
      ledger.readUpTo(line, 5, 8.5)
      expect(asked('isOverlooked')).toEqual([true, true, true, true, false])
      ledger.readUpTo(line, 7, 0)
      expect(asked('isOverlooked')).toEqual([true, true, true, true, true])
      expect(asked('isPassed', other)).toEqual([false, false, false, false, false])
      const epoch = ledger.epoch(line)
      ledger.readAnew(line)
      expect([ledger.epoch(line), ledger.first(line), ledger.base(line), ledger.epoch(other)]).toEqual([
        epoch + 1,
        5,
        7,
        0,
      ])
      expect(asked('isOverlooked')).toEqual([true, true, false, false, false])
    }
  })

  it('takes its cursor back to what can be taken again, and never forward', () => {
    const ledger = newLedger()
    ledger.pass(ITEMS, 5, 7)
    const to = (first: number, base: number) => {
      ledger.lower(ITEMS, first, base)
      return [ledger.first(ITEMS), ledger.base(ITEMS), ledger.epoch(ITEMS)]
    }
    expect([to(6, 0), to(5, 7), to(5, 6), to(-3, 9), to(5, 1), to(BEFORE_ALL, 0)]).toEqual([
      [5, 7, 1],
      [5, 7, 2],
      [5, 6, 3],
      [-3, 9, 4],
      [-3, 9, 5],
      [BEFORE_ALL, 0, 6],
    ])
  })
})

describe('what a participant has on its way to the disk', () => {
  it('is taken off as soon as the data file shows that it is there', () => {
    const account = newLedger().account(3)
    account.accept(5, 2)
    account.accept(1, 0)
    expect([account.accepted, account.acceptedDelayed, account.pending(100)]).toEqual([6, 2, { items: 6, delayed: 2 }])
    account.depart(10, 4, 1)
    expect([account.pending(9), account.pending(10), account.pending(11)]).toEqual([
      { items: 6, delayed: 2 },
      { items: 2, delayed: 1 },
      { items: 2, delayed: 1 },
    ])
    account.arrive(4, 1)
    expect([account.pending(10), account.pending(1000)]).toEqual([
      { items: 2, delayed: 1 },
      { items: 2, delayed: 1 },
    ])
    account.depart(11, 2, 1)
    account.reset()
    expect([account.accepted, account.acceptedDelayed, account.pending(11)]).toEqual([0, 0, { items: 0, delayed: 0 }])
  })
})
