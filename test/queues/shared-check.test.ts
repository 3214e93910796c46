import { describe, expect, it } from 'vitest'
import { check } from '#src/queues/shared/check'
import { DELAYED, FREE, LEASED, READY, RETURNED } from '#src/queues/shared/word'
import { Table } from './shared/table.js'

const CAPACITY = 4
const RING = 4096
/** The largest record is an eighth of the ring, its header included. */
const LARGEST = RING / 8 - 40

/** Two records of two items: the first leased, given back, leased and ready. As full as may be. */
function full(): Table {
  const table = new Table(CAPACITY, RING)
  table.put([1, 2, 3, 4], 0, 2, 1)
  const [first, second] = table.take(3, 1)
  table.ledger.giveBack(second!, 1, 0)
  expect([table.holds(first!.slot), table.ledger.held]).toEqual([1, CAPACITY])
  return table
}

const errorOf = (table: Table): unknown => {
  try {
    check(table.ledger)
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

/** Where the numbers lie: docs/shared-memory-layout.md. */
const [HEAD, PUT_POS, PUT_COUNT, TAIL, TAKE_POS] = [0, 1, 2, 24, 25] as const

function state(table: Table, change: { readonly [place: number]: number }): void {
  const { views } = table
  for (const [place, value] of Object.entries(change)) {
    const at = Number(place)
    views.floats[at < TAIL ? 8 + 8 * views.selector + at : at] = value
  }
}

function record(table: Table, change: { length?: number; count?: number; span?: number; first?: number }): void {
  const { ints, floats, ringBase } = table.views
  const at = ringBase / 4
  if (change.length !== undefined) ints[at] = change.length
  if (change.count !== undefined) ints[at + 1] = change.count
  if (change.span !== undefined) ints[at + 2] = change.span
  if (change.first !== undefined) floats[ringBase / 8 + 2] = change.first
}

function slot(table: Table, change: { word?: number; chunk?: number; index?: number }, which = 0): void {
  const { views } = table
  const at = views.slotAt(which)
  if (change.word !== undefined) views.ints[at] = change.word
  if (change.chunk !== undefined) views.ints[at + 1] = change.chunk
  if (change.index !== undefined) views.ints[at + 2] = change.index
}

const IMPOSSIBLE: readonly [what: string, damage: (table: Table) => void][] = [
  ['a head that is no number', table => state(table, { [HEAD]: Number.NaN })],
  ['a head in the middle of a grain', table => state(table, { [HEAD]: 160 })],
  ['a tail before all', table => state(table, { [TAIL]: -64 })],
  ['a tail in the middle of a grain', table => state(table, { [TAIL]: 32 })],
  ['a tail beyond the head', table => state(table, { [HEAD]: 64, [TAIL]: 128 })],
  ['more than the ring between them', table => state(table, { [HEAD]: RING + 64 })],
  ['a place to put that is no whole number', table => state(table, { [PUT_POS]: 4.5 })],
  ['a place to take beyond the one to put', table => state(table, { [TAKE_POS]: 5 })],
  ['more places between them than there are', table => state(table, { [PUT_POS]: 9, [TAKE_POS]: 0 })],
  ['more items put than places used', table => state(table, { [PUT_COUNT]: 5 })],
  ['fewer items than none', table => state(table, { [PUT_COUNT]: -1 })],
  ['a shutdown of no sort', table => void (table.views.shut = 3)],
  ['a shutdown of less than none', table => void (table.views.shut = -1)],
  ['an item of no state', table => slot(table, { word: DELAYED + 1 })],
  ['an item behind the ring', table => slot(table, { chunk: RING / 64 })],
  ['an item far before the ring', table => slot(table, { chunk: -1 })],
  ['an item that is behind the ring by all that a place can tell', table => slot(table, { chunk: 2 ** 26 })],
  ['an item before the first of its record', table => slot(table, { index: -1 })],
  ['an item behind the last of its record', table => slot(table, { index: 2 })],
  ['a record of no bytes', table => record(table, { length: 0 })],
  ['a record larger than any', table => record(table, { length: LARGEST + 1 })],
  ['a record of no items', table => record(table, { count: 0 })],
  ['a record of more items than the queue holds', table => record(table, { count: CAPACITY + 1, span: 8 })],
  ['a record that reaches fewer places than it has items', table => record(table, { span: 1 })],
  ['a record that begins before all', table => record(table, { first: -1 })],
  ['a record that begins at no place', table => record(table, { first: 0.5 })],
  ['more items than the queue holds', table => slot(table, { word: LEASED, chunk: 0, index: 0 }, CAPACITY)],
]

describe('what the memory of a shared queue says, before it is used (P23) (P24)', () => {
  it.each(IMPOSSIBLE)('is refused: %s', (_, damage) => {
    const table = full()
    damage(table)
    expect(errorOf(table)).toBe('ERR_DAMAGED')
  })

  it('is believed where it can be, up to its limits', () => {
    expect(errorOf(new Table(CAPACITY, RING))).toBe(undefined)
    expect(errorOf(full())).toBe(undefined)
    const one = new Table(CAPACITY, RING)
    one.put([1, 2, 3, 4], 0, 4, 1)
    expect(errorOf(one)).toBe(undefined)
    const large = new Table(CAPACITY, RING)
    large.put([1], 0, 1, LARGEST / 8)
    for (const shut of [0, 1, 2]) {
      large.views.shut = shut
      expect(errorOf(large)).toBe(undefined)
    }
    for (const word of [FREE, READY, LEASED, RETURNED, DELAYED]) {
      slot(large, { word })
      expect(errorOf(large)).toBe(undefined)
    }
    // What follows the slots is none of them.
    large.views.ints[large.views.dueBase * 2] = 7
    expect(errorOf(large)).toBe(undefined)
    const wide = new Table(CAPACITY, RING)
    state(wide, { [PUT_POS]: 8, [PUT_COUNT]: 8, [HEAD]: RING })
    expect(errorOf(wide)).toBe(undefined)
    // A slot that is free points nowhere.
    slot(large, { word: FREE, chunk: -1, index: -1 })
    expect(errorOf(large)).toBe(undefined)
  })
})
