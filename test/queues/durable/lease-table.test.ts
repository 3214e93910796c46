import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ACKED,
  attemptOf,
  FREE,
  isDelayedWord,
  LEASED,
  LeaseTable,
  MOVING,
  ownerOf,
  RETURNED,
  stateOf,
  TABLE_BYTES,
  wordOf,
} from '#src/queues/durable/lease-table'
import { random } from '../../torture/random.js'

const MOST = 24_576
const newTable = () => new LeaseTable(new ArrayBuffer(TABLE_BYTES + 64), 64)

/** What a table says of an item. */
function told(table: LeaseTable, seq: number): readonly number[] | undefined {
  const at = table.find(seq)
  return at < 0 ? undefined : [table.seq(at), table.first(at), table.index(at), table.word(at)]
}

describe('what durable queues know of the items that somebody has (Q6.3)', () => {
  it('is kept for each, however many there are and go', () => {
    const next = random(7)
    const table = newTable()
    const model = new Map<number, readonly number[]>()
    // Near each other, far from each other, and beyond 32 bits.
    const seqs = Array.from({ length: 30_000 }, (_, n) =>
      n % 3 === 0 ? n : n % 3 === 1 ? next(2 ** 31) : 2 ** 33 + 3 * n,
    )
    const live: number[] = []
    const add = (seq: number): void => {
      if (model.has(seq)) return
      const entry = [seq, next(9) - 4, next(256), wordOf(LEASED, next(2) === 1, next(256), next(99))] as const
      table.add(entry[0], entry[1], entry[2], entry[3])
      model.set(seq, entry)
      live.push(seq)
    }
    const remove = (): void => {
      const [seq] = live.splice(next(live.length), 1) as [number]
      table.remove(table.find(seq))
      model.delete(seq)
    }
    for (const seq of seqs.slice(0, MOST - 1)) add(seq)
    expect([table.used, table.crowded]).toEqual([model.size, model.size >= MOST])
    for (let round = 0; round < 8000; round++)
      if (round % 4 === 0) add(seqs[next(seqs.length)] as number)
      else remove()
    table.rebuild()
    for (let round = 0; round < 2000; round++) remove()
    expect(table.used).toBe(model.size)
    const wrong = seqs.filter(seq => String(told(table, seq)) !== String(model.get(seq)))
    expect(wrong).toEqual([])
    const held = table.seqsWhere(word => ownerOf(word) === 3)
    expect(held.sort()).toEqual(
      [...model]
        .filter(([, entry]) => ownerOf(entry[3]!) === 3)
        .map(([seq]) => seq)
        .sort(),
    )
  })

  it('has a limit, which it tells', () => {
    const table = newTable()
    for (let seq = 1; seq < MOST; seq++) table.add(seq, 0, 0, LEASED)
    expect(table.crowded).toBe(false)
    table.add(MOST, 0, 0, LEASED)
    expect(table.crowded).toBe(true)
    table.rebuild()
    expect(table.crowded).toBe(true)
    table.remove(table.find(7))
    expect([table.crowded, table.find(7), table.seqsWhere(() => true).length]).toEqual([false, -1, MOST - 1])
  })

  it('is mended where somebody died while an entry was taken out', () => {
    const table = newTable()
    for (let seq = 0; seq < 20_000; seq++) table.add(seq * 5, seq, seq % 256, wordOf(LEASED, false, 1, seq % 9))
    // The gap was not closed: what stood behind it is not found where it is looked for.
    const at = table.find(500)
    table.setWord(at, FREE)
    // An entry was moved, and its old place not cleared yet.
    table.add(1000, 200, 200, wordOf(LEASED, false, 1, 2))
    table.rebuild()
    expect([table.used, table.find(500)]).toEqual([19_999, -1])
    const found = Array.from({ length: 20_000 }, (_, n) => n * 5).filter(seq => told(table, seq)?.[1] === seq / 5)
    expect(found.length).toBe(19_999)
    table.remove(table.find(1000))
    expect(table.find(1000)).toBe(-1)
    table.rebuild()
    expect([table.used, table.find(1000)]).toEqual([19_998, -1])
  })

  it('tells state, line, owner and attempts by one word', () => {
    const states = fc.constantFrom(FREE, LEASED, ACKED, RETURNED, MOVING)
    const attempts = fc.oneof(fc.nat(65_535), fc.constantFrom(65_535, 65_536, 1e9))
    fc.assert(
      fc.property(states, fc.boolean(), fc.nat(255), attempts, (state, isDelayed, owner, attempt) => {
        const word = wordOf(state, isDelayed, owner, attempt)
        expect([stateOf(word), isDelayedWord(word), ownerOf(word), attemptOf(word)]).toEqual([
          ...[state, isDelayed, owner],
          Math.min(attempt, 65_535),
        ])
      }),
    )
  })
})
