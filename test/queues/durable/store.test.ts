import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Entry, type Lease } from '#src/core/entry'
import { packValues, unpackParcel } from '#src/core/parcel-codec'
import { random } from '../../torture/random.js'
import { until } from '../help.js'
import { scratch } from './help.js'
import { type Item, Model } from './store-model.js'
import { filesIn, type Handle, openStore } from './stores.js'

type Value = Item['value']
type Pick = (limit: number) => number
type Lent = { lease: Lease<Value>; item: Item; by: number }
type Step = 'put' | 'late' | 'special' | 'take' | 'ack' | 'back' | 'wait' | 'open' | 'clear' | 'shut'

/** Two handles of a queue, which take turns, and beside them a list that does what they do. */
class Match {
  readonly users: [Handle<Value>, Handle<Value>]
  readonly #path: string
  readonly #model: Model
  readonly #pick: Pick
  readonly #out: Lent[] = []
  /** Without, nothing depends on the time: neither handle need be asked for what is next. */
  readonly #delays: boolean
  #by = 0
  #ids = 0
  readonly #repeats = [0, 0]

  static async begin(seed: number, steps: readonly Step[]): Promise<Match> {
    const [path, pick] = [join(scratch(), 'queue'), random(seed)]
    const capacity = 1 + pick(60)
    const users = [await openStore<Value>(path, { capacity }), await openStore<Value>(path)] as const
    return new Match(path, pick, new Model(capacity), [...users], steps.includes('late') || steps.includes('special'))
  }

  private constructor(path: string, pick: Pick, model: Model, users: Match['users'], delays: boolean) {
    this.#path = path
    this.#pick = pick
    this.#model = model
    this.users = users
    this.#delays = delays
  }

  get #user(): Handle<Value> {
    return this.users[this.#by]!
  }

  async turn(steps: readonly Step[]): Promise<void> {
    this.#by = this.#pick(2)
    for (let count = 1 + this.#pick(8); count > 0; count--) {
      const step = steps[this.#pick(steps.length)]!
      if (step === 'put') this.#put(0)
      else if (step === 'late') this.#put(this.#model.now + 1 + this.#pick(30))
      else if (step === 'special') this.#putSpecial()
      else if (step === 'take') this.#take(1 + this.#pick(9), this.#pick(4) === 0)
      else if (step === 'ack') this.#settle(true)
      else if (step === 'back') this.#settle(false)
      else if (step === 'wait') this.#model.now += this.#pick(20)
      else if (step === 'open') await this.#open()
      else if (step === 'clear') await this.#clear()
      else await this.#shut()
      await this.#written()
      this.#compare()
    }
  }

  /** What was put can be taken. */
  async #written(): Promise<void> {
    const { store, ear } = this.#user
    if (this.#pick(2) === 0) await until(() => ear.storedUpTo === store.ticket)
    store.storeNow()
    expect([ear.storedUpTo, ear.failures.size, ear.repeats]).toEqual([store.ticket, 0, this.#repeats[this.#by]])
  }

  #values(count: number, isLarge = false): Value[] {
    const pad = isLarge ? 'L'.repeat(1200) : 's'.repeat(this.#pick(60))
    return Array.from({ length: count }, () => ({ id: this.#ids++, pad }))
  }

  #put(due: number, key?: string, client?: [string, number], isLarge = false): void {
    const { store } = this.#user
    const priority = [-1.5, 0, 0, 2][this.#pick(4)]!
    const headers = this.#pick(5) === 0 ? { h: `${this.#ids}` } : undefined
    const values = this.#values(this.#pick(2) === 0 ? 1 : 1 + this.#pick(20), isLarge)
    const enqueuedAt = this.#model.now - this.#pick(5)
    const entries = values.map(value => new Entry(value, enqueuedAt, due, priority, headers, key))
    store.seal(entries)
    for (const { bytes } of entries) expect(bytes > 0).toBe(true)
    const taken = client ? store.offerOnce(entries, ...client) : store.offer(entries)
    const said = { due, priority, enqueuedAt, headers: headers ?? {}, key }
    this.#wasPut(
      taken,
      values.map(value => ({ value, ...said })),
      client,
    )
  }

  #wasPut(taken: boolean, some: Parameters<Model['put']>[0], client?: [string, number]): void {
    const model = this.#model
    expect(taken).toBe(model.items.length + some.length <= model.capacity)
    if (taken && !model.put(some, client)) this.#repeats[this.#by]! += some.length
  }

  #putSpecial(): void {
    const { store } = this.#user
    const how = this.#pick(5)
    if (how === 0) return this.#put(0, `key ${this.#pick(9)}`)
    if (how === 1) return this.#put(this.#model.now + 5, `key ${this.#pick(9)}`)
    if (how === 2) return this.#put(0, undefined, [`client ${this.#pick(2)}`, 1 + this.#pick(9)])
    if (how === 3) return this.#put(0, undefined, undefined, true)
    const [values, { now, capacity }] = [this.#values(1 + this.#pick(30)), this.#model]
    const parcel = packValues(values, now)
    const entries = store.adopt(parcel, now)
    const fits = values.length <= capacity && parcel.bytes.length <= 1000
    expect(entries?.length).toBe(fits ? values.length : undefined)
    const said = { due: 0, priority: 0, enqueuedAt: now, headers: {}, key: undefined }
    if (entries)
      this.#wasPut(
        store.offer(entries),
        values.map(value => ({ value, ...said })),
      )
  }

  #take(max: number, sealed: boolean): void {
    const { ready, now } = this.#model
    const leases = this.#user.store.take(max, now, sealed)
    const most = Math.min(max, ready.length)
    if (sealed) expect(leases.length).toBeGreaterThanOrEqual(most)
    else expect(leases.length).toBe(most)
    // Beyond what was asked for comes what is left of the last parcel alone.
    for (const lease of leases.slice(max)) expect([lease.sealed?.bytes]).toEqual([leases[max - 1]!.sealed!.bytes])
    for (const [at, lease] of leases.entries()) this.#took(lease, ready[at]!, sealed)
  }

  #took(lease: Lease<Value>, item: Item, sealed: boolean): void {
    const { value, seq, priority, enqueuedAt, headers, key, attempt } = item
    if (sealed && lease.sealed) {
      const values = unpackParcel(lease.sealed.bytes).map(entry => entry.value)
      expect([lease.sealed.count, key]).toEqual([values.length, undefined])
      if (!lease.sealed.payload) expect(values).toContainEqual(value)
    }
    expect({ ...told(lease), priority: (lease as unknown as Item).priority }).toEqual({
      value,
      seq,
      enqueuedAt,
      headers,
      key,
      attempt,
      priority,
    })
    expect(lease.bytes > 0).toBe(true)
    item.owner = this.#by
    this.#out.push({ lease, item, by: this.#by })
    if (this.#pick(2) === 0) return
    lease.attempt++
    item.attempt++
    this.#user.store.handedOver(lease)
  }

  #settle(isAck: boolean): void {
    const own = this.#out.filter(({ by }) => by === this.#by)
    for (let count = 1 + this.#pick(4); count > 0 && own.length > 0; count--) {
      const [lent] = own.splice(this.#pick(own.length), 1) as [Lent]
      const { lease, item } = lent
      const due = !this.#delays || this.#pick(2) === 0 ? 0 : this.#model.now + 1 + this.#pick(20)
      const { store } = this.#user
      expect(isAck ? store.ack(lease) : store.giveBack(lease, due)).toBe(true)
      expect([store.ack(lease), store.giveBack(lease, 0), store.giveBack(lease, due)]).toEqual([false, false, false])
      if (isAck) this.#model.remove(item)
      else this.#model.giveBack(item, due)
      this.#out.splice(this.#out.indexOf(lent), 1)
    }
  }

  async #open(): Promise<void> {
    await this.#user.store.close()
    this.#model.close(this.#by)
    for (const lent of this.#out.filter(({ by }) => by === this.#by)) this.#out.splice(this.#out.indexOf(lent), 1)
    this.users[this.#by] = await openStore<Value>(this.#path)
    this.#repeats[this.#by] = 0
  }

  async #clear(): Promise<void> {
    const free = [...this.#model.inLine, ...this.#model.late].filter(({ owner }) => owner < 0)
    expect(await this.#user.store.clear()).toEqual(free.map(({ value }) => value))
    for (const item of free) this.#model.remove(item)
  }

  async #shut(): Promise<void> {
    const shut = (): boolean[] => this.users.map(({ store }) => store.shut)
    const done = this.#user.store.shutdown()
    expect(shut()).toEqual([true, true])
    await done
    await this.#open()
    expect(shut()).toEqual([true, true])
    await this.#user.store.reopen()
    expect(shut()).toEqual([false, false])
  }

  #compare(): void {
    const model = this.#model
    const { ready, delayed, leased, nextDue } = model
    for (const { store } of this.#pick(2) === 0 ? this.users : [...this.users].reverse()) {
      if (this.#delays || this.#pick(3) === 0) expect(store.peek(model.now)).toEqual(ready[0]?.value)
      const seen = [store.ready, store.delayed, store.leased, store.capacity, store.nextDue]
      expect(seen).toEqual([ready.length, delayed, leased, model.capacity, nextDue])
    }
    const all = [...model.inLine, ...model.late]
    const seen = [...this.#user.store.snapshot()].map(({ delay: _, ...item }) => item)
    expect(seen).toEqual(
      all.map(({ value, priority, key, headers, enqueuedAt }) => ({ value, priority, key, headers, enqueuedAt })),
    )
  }

  /** All comes out, in order, once, and nothing is left of it. */
  async end(): Promise<void> {
    this.#model.now += 1000
    this.#take(1000, false)
    for (const { lease, by } of this.#out) expect(this.users[by]!.store.ack(lease)).toBe(true)
    this.#model.items = []
    this.#compare()
    for (const { store } of this.users) await store.close()
    await until(() => filesIn(this.#path).length === 0)
    const { store } = await openStore(this.#path)
    expect([store.ready, store.delayed, store.leased, store.peek(this.#model.now)]).toEqual([0, 0, 0, undefined])
    await store.close()
  }
}

const told = ({ value, seq, enqueuedAt, headers, key, attempt }: Lease<Value>) => ({
  value,
  seq,
  enqueuedAt,
  headers,
  key,
  attempt,
})

const mixes: Record<string, Step[]> = {
  'in the order of priorities [Q1.3] [Q1.4] [Q11.1]': ['put', 'put', 'take', 'take', 'ack', 'back'],
  'with items that are delayed [Q1.7] [Q11.3]': ['put', 'late', 'late', 'take', 'take', 'ack', 'back', 'wait', 'wait'],
  'with keys, clients, large items and parcels of others [S5] [H6]': [
    'put',
    'special',
    'special',
    'take',
    'ack',
    'back',
    'wait',
  ],
  'and are closed, emptied and shut down [Q6.4] [Q10.8] [Q10.11] [Q10.15]': [
    'put',
    'late',
    'special',
    'take',
    'ack',
    'back',
    'wait',
    'open',
    'clear',
    'shut',
  ],
}

describe('the handles of a durable queue do what a list would', () => {
  for (const [how, steps] of Object.entries(mixes)) {
    it(how, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async seed => {
          const match = await Match.begin(seed, steps)
          for (let turn = 0; turn < (steps.includes('open') ? 6 : 10); turn++) await match.turn(steps)
          await match.end()
        }),
        { numRuns: steps.includes('open') ? 3 : 4, endOnFailure: true },
      )
    })
  }
})
