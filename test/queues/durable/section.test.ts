import { beforeEach, describe, expect, it } from 'vitest'
import { DurableLease } from '#src/queues/durable/durable-lease'
import { HeldLeases } from '#src/queues/durable/held-leases'
import { keyOf } from '#src/queues/durable/layout'
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
import { DELAYED, ITEMS, type Ledger, type Line } from '#src/queues/durable/ledger'
import { LineRecord } from '#src/queues/durable/line-reader'
import { Payloads } from '#src/queues/durable/payloads'
import { codeOf, turns, until } from '../help.js'
import { scratch } from './help.js'
import { entry, newPut, newSection } from './parts.js'

describe('the section of a durable queue', () => {
  let directory: string
  let one: ReturnType<typeof newSection>
  let other: ReturnType<typeof newSection>
  const unlocked = { count: 0 }

  beforeEach(() => {
    directory = scratch()
    unlocked.count = 0
    one = newSection(directory)
    other = newSection(directory, {
      unlocked: () => {
        unlocked.count++
        other.section.unlocked()
      },
    })
  })

  it('does nothing now while another is in it, and says who [Q13.6]', () => {
    const { section } = other
    expect([section.within(() => 'done', 'not'), section.locked]).toEqual(['done', undefined])
    one.arena.enter()
    expect(section.within(() => 'done', 'not')).toBe('not')
    const { pid } = process
    expect(section.locked).toMatchObject({ code: 'ERR_QUEUE_LOCKED', message: expect.stringContaining(`${pid}`) })
    one.arena.leave()
    expect([section.within(() => 'done', 'not'), section.locked]).toEqual(['done', undefined])
  })

  it('is left also by who throws in it', () => {
    const broken = () => {
      throw new Error('broken')
    }
    expect(() => one.section.within(broken, undefined)).toThrow('broken')
    expect(other.section.within(() => 'done', 'not')).toBe('done')
    expect(() => one.section.do(broken)).toThrow('broken')
    expect(other.section.within(() => 'done', 'not')).toBe('done')
  })

  it('does what must be done as soon as it comes free, in order [Q13.6]', async () => {
    const done: number[] = []
    other.section.do(() => done.push(0))
    expect(done).toEqual([0])
    one.arena.enter()
    for (const n of [1, 2, 3]) other.section.do(() => done.push(n))
    const answer = other.section.eventually(() => done.push(4))
    const failed = codeOf(
      other.section.eventually(() => {
        throw Object.assign(new Error('no'), { code: 'ERR_NO' })
      }),
    )
    await turns(3)
    expect(done).toEqual([0])
    one.arena.leave()
    // What comes now does not pass what waits.
    other.section.do(() => done.push(5))
    await until(() => done.length === 6)
    expect([done, await answer, await failed]).toEqual([[0, 1, 2, 3, 4, 5], 5, 'ERR_NO'])
    expect([unlocked.count > 0, one.section.within(() => true, false)]).toEqual([true, true])
    other.arena.close()
    other.section.do(() => done.push(6))
    expect(done.length).toBe(6)
  })

  it('wakes all who wait, whatever they wait for', async () => {
    const waiting = [1, 2, 4].map(condition => {
      const some = newSection(directory)
      some.arena.attend(condition)
      some.arena.arm(condition)
      return some
    })
    one.section.do(() => one.section.wakeAll())
    await until(() => waiting.every(({ heard }) => heard.length > 0))
    expect(waiting.map(({ heard }) => heard[0])).toEqual([1, 2, 4])
  })
})

describe('the leases that a handle has out', () => {
  let ledger: Ledger
  let held: HeldLeases<number>
  let payloads: Payloads
  const SLOT = 7

  beforeEach(() => {
    ledger = newSection(scratch()).ledger
    payloads = new Payloads(scratch())
    held = new HeldLeases<number>(ledger, () => SLOT)
  })

  let parcelBytes = 0

  /** The second of three. */
  function lease(line: Line = ITEMS, owner = SLOT, attempt = 0): DurableLease<number> {
    const { parcels } = newPut([entry(10, 2000, 'k', { h: 'x' }), entry(11, 2000, 'k', { h: 'y' }), entry(12, 2000)], {
      each: 3,
    })
    parcelBytes = parcels[0]!.bytes.length
    const head = { flags: 0, attempt: 5, count: 3, place: 3000, priority: 4 }
    const record = new LineRecord<number>(line, keyOf(9, 100), head, parcels[0]!.bytes as Buffer, payloads)
    ledger.table.add(101, 9, 1, wordOf(LEASED, line === DELAYED, owner, 5))
    ledger.leased = 3
    return new DurableLease(record, 1, attempt, payloads)
  }

  const told = () => {
    const at = ledger.table.find(101)
    const word = at < 0 ? 0 : ledger.table.word(at)
    return at < 0 ? undefined : [stateOf(word), isDelayedWord(word), ownerOf(word), attemptOf(word)]
  }

  it('tell what their item was put with', () => {
    const one = lease()
    const { seq, first, index, priority, attempt, line, bytes, entry: known } = one
    expect([seq, first, index, priority, attempt, line, known]).toEqual([101, 9, 1, 4, 0, ITEMS, undefined])
    expect([one.value, one.headers, one.key, one.enqueuedAt]).toEqual([11, { h: 'y' }, 'k', 3000])
    // Its share of the parcel.
    expect([one.entry?.value, Math.round(3 * bytes)]).toEqual([11, parcelBytes])
    // What is delayed stands in line by another time than that of its put.
    ledger.table.remove(ledger.table.find(101))
    expect(lease(DELAYED).enqueuedAt).toBe(2000)
  })

  it('end once, one by one or all together [Q7.2]', () => {
    const [one, other] = [lease(), lease()]
    held.add([one])
    expect([held.has(one), held.has(other), held.has({} as never)]).toEqual([true, false, false])
    expect([held.end(other), held.end({} as never), held.end(one), held.end(one), held.has(one)]).toEqual([
      undefined,
      undefined,
      one,
      undefined,
      false,
    ])
    held.add([one, other])
    expect([held.endAll(), held.endAll(), held.end(one)]).toEqual([[one, other], [], undefined])
  })

  it('change what all know of the item as long as they are this handle\u2019s [Q7.2]', () => {
    const one = lease()
    one.attempt = 6
    held.setState(one, LEASED)
    expect(told()).toEqual([LEASED, false, SLOT, 6])
    held.setState(one, ACKED)
    expect(told()).toEqual([ACKED, false, SLOT, 6])
    // It is no lease any more.
    held.setState(one, MOVING)
    expect(told()).toEqual([ACKED, false, SLOT, 6])
    ledger.table.remove(ledger.table.find(101))
    held.setState(one, MOVING)
    held.return(one)
    expect([told(), ledger.leased]).toEqual([undefined, 3])
    held.setState(lease(DELAYED, SLOT + 1), ACKED)
    expect(told()).toEqual([LEASED, true, SLOT + 1, 5])
  })

  it('leave their item in its place, and its attempts known if there were any [Q6.5] [Q1.4]', () => {
    for (const line of [ITEMS, DELAYED] as const) {
      for (const attempt of [0, 1]) {
        const one = lease(line, SLOT, attempt)
        ledger.pass(line, 9, 200)
        const epoch = ledger.epoch(line)
        held.return(one)
        expect(told()).toEqual(attempt === 0 ? undefined : [RETURNED, line === DELAYED, 0, 1])
        expect([ledger.leased, ledger.first(line), ledger.base(line), ledger.epoch(line)]).toEqual([
          2,
          9,
          100,
          epoch + 1,
        ])
        if (attempt > 0) ledger.table.remove(ledger.table.find(101))
      }
    }
  })
})
