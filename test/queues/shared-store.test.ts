import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Entry, type Lease } from '#src/core/entry'
import { packValues } from '#src/core/parcel-codec'
import { type Item, Model } from './shared/model.js'
import { type Handle, Handles, offer, turn } from './shared/stores.js'

interface Value {
  readonly id: number
  readonly pad: string
}

interface Step {
  readonly what: number
  readonly pick: number
  readonly count: number
}

const steps = fc.array(fc.record({ what: fc.nat(99), pick: fc.nat(1000), count: fc.integer({ min: 1, max: 9 }) }), {
  minLength: 1,
  maxLength: 12,
})
const turns = fc.array(fc.record({ by: fc.nat(1), steps }), { minLength: 1, maxLength: 25, size: 'max' })
const capacities = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 300 }))

/** Two handles of a queue, which take turns, and beside them an array that does what they do. */
class Match {
  readonly handles: Handles<Value>
  readonly users: [Handle<Value>, Handle<Value>]
  readonly model: Model
  readonly out: { lease: Lease<Value>; item: Item; by: number; attempt: number }[] = []
  readonly headers = new Map<number, Record<string, string>>()
  readonly puts = new Map<number, number>()
  #by = 0
  #nextId = 1
  #now = Date.now()
  /** In this turn nothing was taken one by one. */
  #fresh = true
  #tickets: number[] = [0, 0]
  #wasMuch = false
  readonly #seqs = new Map<number, number>()

  constructor(capacity: number) {
    this.handles = new Handles({ capacity, bytes: 1 << 20, itemSize: 1000 })
    this.users = [this.handles.open(), this.handles.open()]
    this.model = new Model(capacity)
  }

  get #user(): Handle<Value> {
    return this.users[this.#by] as Handle<Value>
  }

  async turn(by: number, steps: readonly Step[]): Promise<void> {
    this.#by = by
    this.#fresh = true
    for (const step of steps) {
      this.#act(step)
      this.#compare(this.#user)
    }
    await turn()
    await turn()
    for (const user of this.users) {
      this.#compare(user)
      expect([...user.ear.failures]).toEqual([])
    }
    expect(this.#user.ear.storedUpTo).toBe(this.#tickets[by])
    this.#now += 10
  }

  #act({ what, pick, count }: Step): void {
    if (what < 25) this.#put(1, pick, pick % 4)
    else if (what < 40) this.#put(count, pick, 4 + (pick % 4))
    else if (what < 55) this.#take(1)
    else if (what < 62) this.#take(1 + count)
    else if (what < 70) this.#consume(1 + count)
    else if (what < 82) this.#ack(pick)
    else if (what < 92) this.#giveBack(pick, pick % 3 === 0 ? this.#now + 5 + (pick % 30) : 0)
    else if (what < 96) this.#peek()
    else this.#reopen()
  }

  #put(count: number, pick: number, how: number): void {
    const { store } = this.#user
    // Of those that are put together none is large, or some are.
    const isLarge = (at: number) => (how === 1 && pick % 3 === 0) || (how === 4 && at % 2 === 1)
    const values = Array.from({ length: count }, (_, at): Value => {
      return { id: this.#nextId + at, pad: (isLarge(at) ? 'L' : 's').repeat(isLarge(at) ? 1200 : (pick * 7) % 90) }
    })
    const due = how === 2 || how === 5 ? this.#now + 5 + (pick % 30) : 0
    const headers = how === 3 ? { pick: `${pick}` } : undefined
    if (values.reduce((sum, { pad }) => sum + pad.length + 20, 0) > 500) this.#wasMuch = true
    let taken: boolean
    if (how < 6) {
      taken = offer(
        this.#user,
        values.map(value => new Entry(value, this.#now, due, 0, headers)),
      )
    } else {
      const entries =
        how === 6 ? store.adopt(packValues(values, this.#now), this.#now) : store.sealValues(values, this.#now)
      // What a queue can never hold, or goes through another door.
      const fits = count <= store.capacity && (how === 6 || count > 1)
      // After one that was much, the next one is taken for much as well.
      if (how === 6 || !this.#wasMuch) expect(entries?.length).toBe(fits ? count : undefined)
      if (!entries) return
      taken = store.offer(entries)
    }
    const ids = values.map(({ id }) => id)
    expect(taken).toBe(this.model.put(ids, due))
    if (!taken) return
    this.#nextId += count
    if (store.ticket > 0) this.#tickets[this.#by] = store.ticket
    for (const { id, pad } of values) {
      this.puts.set(id, this.#now)
      this.#pads.set(id, pad)
      if (headers) this.headers.set(id, headers)
    }
  }

  readonly #pads = new Map<number, string>()

  #take(max: number): void {
    this.model.promote(this.#now)
    const leases = [...this.#user.store.take(max, this.#now)]
    // All that was leased ahead is out with those that are taken together.
    const most = max > 1 && !this.#fresh ? 64 + max : max
    expect(leases.length).toBeLessThanOrEqual(most)
    const items = this.model.take(Math.max(max, leases.length), this.#by)
    if (max === 1) this.#fresh = false
    this.#took(leases, items)
  }

  #took(leases: readonly Lease<Value>[], items: readonly Item[]): void {
    expect(leases.map(({ value }) => value)).toEqual(items.map(({ id }) => ({ id, pad: this.#pads.get(id) })))
    for (const [at, lease] of leases.entries()) {
      const item = items[at] as Item
      const { seq, attempt, enqueuedAt, headers, key, bytes } = lease
      expect([attempt, enqueuedAt, key, bytes > 0]).toEqual([item.attempt, this.puts.get(item.id), undefined, true])
      // An item keeps its place, and those that come behind it have later ones.
      expect(seq).toBe(this.#seqs.get(item.id) ?? seq)
      this.#seqs.set(item.id, seq)
      const before = leases[at - 1]
      if (before) expect(before.seq).toBeLessThan(seq)
      expect(headers).toEqual(this.headers.get(item.id) ?? {})
      this.out.push({ lease, item, by: this.#by, attempt })
      if (item.id % 2 === 0) this.#handOver(lease, item)
    }
  }

  #handOver(lease: Lease<Value>, item: Item): void {
    lease.attempt++
    item.attempt++
    this.#user.store.handedOver(lease)
  }

  #consume(max: number): void {
    this.model.promote(this.#now)
    const values = this.#user.store.consume(max, this.#now)
    const ready = this.model.items.filter(({ state }) => state === 'ready').slice(0, max)
    if (!values) {
      // Nothing is there, or some of it has to be settled by itself.
      expect(this.#fresh && !this.#wasMuch && ready.length > 0).toBe(false)
      this.#fresh = false
      return
    }
    expect(values.map(({ id }) => id)).toEqual(ready.map(({ id }) => id))
    for (const item of ready) this.model.ack(item)
  }

  #ack(pick: number): void {
    const own = this.out.filter(({ by }) => by === this.#by)
    const lent = own[pick % Math.max(1, own.length)]
    if (!lent) return
    expect(this.#user.store.ack(lent.lease)).toBe(true)
    expect([this.#user.store.ack(lent.lease), this.#user.store.giveBack(lent.lease, 0)]).toEqual([false, false])
    this.model.ack(lent.item)
    this.out.splice(this.out.indexOf(lent), 1)
  }

  #giveBack(pick: number, due: number): void {
    const own = this.out.filter(({ by }) => by === this.#by)
    const lent = own[pick % Math.max(1, own.length)]
    if (!lent) return
    expect(this.#user.store.giveBack(lent.lease, due)).toBe(true)
    expect([this.#user.store.ack(lent.lease), this.#user.store.giveBack(lent.lease, due)]).toEqual([false, false])
    this.model.giveBack(lent.item, lent.item.attempt, due)
    this.out.splice(this.out.indexOf(lent), 1)
  }

  #peek(): void {
    this.model.promote(this.#now)
    const [first] = this.model.items.filter(({ state }) => state === 'ready')
    expect(this.#user.store.peek(this.#now)?.id).toBe(first?.id)
  }

  /** What a handle holds goes back when it is closed. */
  #reopen(): void {
    this.handles.close(this.#user)
    this.model.reap(this.#by)
    for (const lent of this.out.filter(({ by }) => by === this.#by)) this.out.splice(this.out.indexOf(lent), 1)
    expect(this.#user.ear.storedUpTo).toBe(this.#tickets[this.#by])
    this.users[this.#by] = this.handles.open()
    this.#tickets[this.#by] = 0
    this.#fresh = true
  }

  #compare({ store }: Handle<Value>): void {
    const { model } = this
    const { ready, delayed, leased, full } = store
    expect([ready, delayed, leased]).toEqual([model.count('ready'), model.count('delayed'), model.count('leased')])
    expect(full).toBe(model.items.length >= model.capacity)
    expect(store.nextDue).toBeLessThanOrEqual(model.nextDue)
    if (delayed === 0) expect(store.nextDue).toBe(Number.POSITIVE_INFINITY)
  }

  /** All comes out, in order, once. */
  async end(): Promise<void> {
    this.#now += 1000
    this.#by = 0
    this.model.promote(this.#now)
    this.#took(this.#user.store.take(1000, this.#now), this.model.take(1000, 0))
    for (const { lease, item, by } of this.out) {
      expect(this.users[by]?.store.ack(lease)).toBe(true)
      this.model.ack(item)
    }
    await turn()
    await turn()
    for (const user of this.users) this.#compare(user)
    const { views, space } = this.#user.store.ledger
    expect([views.settled, views.putCount]).toEqual([this.model.puts, this.model.puts])
    space.sweep(Number.POSITIVE_INFINITY)
    expect(space.used).toBe(0)
  }
}

describe('the handles of a shared queue', () => {
  it('do what a list would, turn by turn [Q1.1] [Q1.5] [Q6.4] [Q6.5] [Q7.4] [Q10.15] [Q11.1] [Q11.3]', async () => {
    await fc.assert(
      fc.asyncProperty(capacities, turns, async (capacity, some) => {
        const match = new Match(capacity)
        try {
          for (const { by, steps } of some) await match.turn(by, steps)
          await match.end()
        } finally {
          match.handles.remove()
        }
      }),
      { numRuns: 40 },
    )
  })
})
