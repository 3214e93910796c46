import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Item, Model } from './shared/model.js'
import { Death } from './shared/mortal.js'
import { type Grant, Table } from './shared/table.js'

const USERS = 3

interface Step {
  readonly what: number
  readonly user: number
  readonly pick: number
  readonly count: number
  /** Stores until the user dies; undefined: it lives. */
  readonly life: number | undefined
}

const capacities = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 64 }))

function stepsOf(deaths: boolean) {
  const life = deaths ? fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 3 }) : fc.constant(undefined)
  const step = fc.record({
    what: fc.integer({ min: 0, max: 99 }),
    user: fc.nat(USERS - 1),
    pick: fc.nat(1000),
    count: fc.integer({ min: 1, max: 12 }),
    life,
  })
  return fc.array(step, { minLength: 1, maxLength: 300, size: 'max' })
}

/** Runs steps on a table and on the model side by side; throws where they differ. */
class Match {
  readonly table: Table
  readonly model: Model
  readonly out: { grant: Grant; item: Item; user: number }[] = []
  #nextId = 1
  #now = 1000
  readonly #roomy: boolean

  constructor(capacity: number, roomy: boolean) {
    this.#roomy = roomy
    this.table = new Table(capacity, roomy ? 1 << 18 : 4096)
    this.model = new Model(capacity)
  }

  step({ what, user, pick, count, life }: Step): void {
    this.table.views.left = life ?? Number.POSITIVE_INFINITY
    try {
      this.#act(what, user, pick, count)
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.#bury(user)
    }
    this.table.views.left = Number.POSITIVE_INFINITY
    this.compare()
  }

  #act(what: number, user: number, pick: number, count: number): void {
    const { table, model, out } = this
    const { ledger } = table
    if (what < 35) {
      const ids = Array.from({ length: count }, () => this.#nextId++)
      const due = pick % 10 === 0 ? this.#now + (pick % 7) : 0
      const taken = table.put(ids, due, 1 + (pick % 5), 1 + (pick % 3))
      if (taken || this.#roomy) expect(taken).toBe(model.put(ids, due))
    } else if (what < 65) {
      const grants = table.take(count, user)
      const items = model.take(count, user)
      expect(table.idsOf(grants)).toEqual(items.map(item => item.id))
      for (const [at, grant] of grants.entries()) {
        const item = items[at] as Item
        expect(grant.attempt).toBe(item.attempt)
        out.push({ grant, item, user })
      }
    } else if (what < 85) {
      const own = out.filter(lent => lent.user === user)
      const some = own.filter((_, at) => (at + pick) % 3 === 0).slice(0, count)
      expect(table.ack(some.map(({ grant }) => grant))).toBe(some.length)
      for (const lent of some) {
        model.ack(lent.item)
        out.splice(out.indexOf(lent), 1)
      }
    } else if (what < 95) {
      const own = out.filter(lent => lent.user === user)
      const lent = own[pick % Math.max(1, own.length)]
      if (!lent) return
      const due = pick % 3 === 0 ? this.#now + (pick % 5) + 1 : 0
      const attempt = lent.item.attempt + 1
      expect(ledger.giveBack(lent.grant, attempt, due)).toBe(true)
      expect(ledger.giveBack(lent.grant, attempt, due)).toBe(false)
      expect(table.ack([lent.grant])).toBe(0)
      model.giveBack(lent.item, attempt, due)
      out.splice(out.indexOf(lent), 1)
    } else if (what < 98) {
      this.#now += count
      ledger.promote(this.#now)
      model.promote(this.#now)
      // Who waits for it is not woken in vain.
      if (table.views.delayed > 0) expect(table.views.nextDue).toBeGreaterThan(this.#now)
    } else {
      ledger.repair(user)
      this.#gone(user)
    }
  }

  /** What the dead left half done is whole or undone; what it held is back. */
  #bury(user: number): void {
    const { table, model } = this
    const { ledger } = table
    // A helper that dies as well does no harm.
    for (let lives = 0; lives < 30; lives += 3) {
      table.views.left = lives
      try {
        ledger.repair(user)
      } catch {}
    }
    table.views.left = Number.POSITIVE_INFINITY
    ledger.repair()
    ledger.repair(user)
    this.#gone(user)
    const there = new Set(table.ids())
    const put = [...there].filter(id => !model.items.some(item => item.id === id))
    if (put.length > 0) {
      const whole = Array.from({ length: put.length }, (_, at) => this.#nextId - put.length + at)
      expect(put.sort((a, b) => a - b)).toEqual(whole)
      expect(this.#putBefore(whole)).toBe(true)
    }
    // Acks that came to their commit.
    model.items = model.items.filter(item => there.has(item.id) || put.includes(item.id))
    this.#learnStates()
  }

  #putBefore(ids: readonly number[]): boolean {
    return this.model.put(ids, 0)
  }

  /** Delays and attempts are as far as the dead came with them. */
  #learnStates(): void {
    const { table, model } = this
    for (let slot = 0; slot < table.views.geometry.slots; slot++) {
      const id = table.holds(slot)
      const item = model.items.find(one => one.id === id)
      if (!item || item.state === 'leased') continue
      const word = table.views.word(slot) & 7
      item.state = word === 4 ? 'delayed' : 'ready'
      item.due = word === 4 ? table.views.due(slot) : 0
      item.attempt = table.views.ints[table.views.slotAt(slot) + 3] as number
    }
  }

  #gone(user: number): void {
    this.model.reap(user)
    for (const lent of this.out.filter(one => one.user === user)) this.out.splice(this.out.indexOf(lent), 1)
  }

  compare(): void {
    const { table, model } = this
    const { ready, delayed, leased, putCount, settled, nextDue } = table.views
    expect([ready, delayed, leased]).toEqual([model.count('ready'), model.count('delayed'), model.count('leased')])
    expect([putCount, settled]).toEqual([model.puts, model.puts - model.items.length])
    if (delayed > 0) expect(nextDue).toBeLessThanOrEqual(model.nextDue)
    const first = table.ledger.first()
    const next = model.items.find(({ state }) => state === 'ready')
    expect(first < 0 ? undefined : table.holds(first)).toBe(next?.id)
  }

  /** Everything comes out, once, in order; and nothing is left behind. */
  end(): void {
    const { table, model, out } = this
    table.ledger.promote(Number.POSITIVE_INFINITY)
    model.promote(Number.POSITIVE_INFINITY)
    const grants = table.take(1000, 9)
    expect(table.idsOf(grants)).toEqual(model.take(1000, 9).map(item => item.id))
    expect(table.ack([...grants, ...out.map(({ grant }) => grant)])).toBe(grants.length + out.length)
    expect([table.ledger.held, table.ids()]).toEqual([0, []])
    expect(table.ledger.space.make(table.ledger.space.capacity)).toBe(true)
    expect(table.ledger.space.used).toBe(0)
  }
}

describe('the ledger of a shared queue', () => {
  for (const roomy of [true, false]) {
    it(`does what a list would, ${roomy ? 'with room' : 'in a narrow ring'} (Q1.1) (Q1.5) (Q11.1)`, () => {
      fc.assert(
        fc.property(capacities, stepsOf(false), (capacity, steps) => {
          const match = new Match(capacity, roomy)
          for (const step of steps) match.step(step)
          match.end()
        }),
        { numRuns: 30 },
      )
    })

    it(`survives death at any store, ${roomy ? 'with room' : 'in a narrow ring'} (Q12.1) (Q6.3) (P20) (P23)`, () => {
      fc.assert(
        fc.property(capacities, stepsOf(true), (capacity, steps) => {
          const match = new Match(capacity, roomy)
          for (const step of steps) match.step(step)
          match.end()
        }),
        { numRuns: 30 },
      )
    })
  }

  it('knows when the oldest item that nobody has settled was put', () => {
    const table = new Table(4, 4096)
    const { ledger } = table
    const put = (at: number) => ledger.put([{ bytes: new Uint8Array(8), count: 1 }], 1, 0, at)
    const seen = [ledger.oldest()]
    for (const at of [20, 10, 30]) put(at)
    for (const grant of table.take(3, 1)) {
      seen.push(ledger.oldest())
      table.ack([grant])
    }
    expect([...seen, ledger.oldest()]).toEqual([undefined, 10, 10, 30, undefined])
  })

  it('keeps the place of what comes back, as often as it does (Q1.5)', () => {
    const table = new Table(2, 4096)
    const { ledger } = table
    table.put([1, 2], 0, 1, 1)
    for (const grant of table.take(2, 1)) ledger.giveBack(grant, 0, 0)
    for (let round = 0; round < 20; round++) {
      const [grant] = table.take(1, 1)
      expect([round, table.idsOf([grant!]), table.views.ready]).toEqual([round, [1], 1])
      ledger.giveBack(grant!, 0, 0)
    }
    expect(table.idsOf(table.take(2, 1))).toEqual([1, 2])
  })

  it('takes a parcel as a whole also where others hold slots in between (L18)', () => {
    const table = new Table(4, 4096)
    const { ledger, views } = table
    table.put([1, 2, 3, 4], 0, 1, 1)
    const [first, , third] = table.take(4, 1)
    table.ack([first!, third!])
    for (const id of [5, 7]) {
      table.put([id, id + 1], 0, 1, 1)
      table.ack(table.take(2, 1))
    }
    expect([views.slotOf(views.putPos), table.put([9, 10], 0, 2, 1), views.slotOf(views.putPos)]).toEqual([0, true, 3])
    expect(ledger.take(1, 1, { granted: () => {} }, true)).toBe(2)
    expect([views.ready, views.leased]).toEqual([0, 4])
  })

  it('looks at no more slots than there are', () => {
    const table = new Table(2, 4096)
    const { views, ledger } = table
    table.put([1, 2], 0, 1, 1)
    const [grant] = table.take(1, 1)
    // Behind the last slot lies the first due time: no state of anything, and no place.
    views.ints[views.dueBase * 2 + 1] = 8
    for (const word of [1, 2, 3, 4]) {
      views.ints[views.dueBase * 2] = word
      ledger.repair()
      expect([views.ready, views.delayed, views.leased]).toEqual([1, 0, 1])
      expect(ledger.oldest()).toBe(1)
    }
    ledger.giveBack(grant!, 1, 500)
    views.ints[views.dueBase * 2] = 4
    ledger.promote(501)
    expect([views.ready, views.delayed, views.leased, views.nextDue]).toEqual([2, 0, 0, Number.POSITIVE_INFINITY])
  })
})
