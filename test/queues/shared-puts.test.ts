import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { until } from './help.js'
import { type Handle, Handles, NOTHING, offer, type Sizes, turn } from './shared/stores.js'

let handles: Handles<unknown>
afterEach(() => handles.remove())

function two(sizes: Sizes = {}): [Handle<unknown>, Handle<unknown>] {
  handles = new Handles(sizes)
  return [handles.open(), handles.open()]
}

const entry = (value: unknown, at = 1000) => new Entry(value, at)
const valuesOf = ({ store }: Handle<unknown>, max = 100) => store.take(max, 0).map(({ value }) => value)
/** What is stored, as others see it. */
const stored = ({ store }: Handle<unknown>): number => store.ledger.held

async function put(handle: Handle<unknown>, ...values: unknown[]): Promise<void> {
  for (const value of values) expect(offer(handle, [entry(value)])).toBe(true)
  await turn()
}

describe('single puts of a shared queue', () => {
  it('are stored at once the first time, and those that follow in the turn together, when it ends [Q5.5] [Q13.13]', async () => {
    const [one, other] = two()
    const seen: unknown[] = []
    for (let n = 0; n < 4; n++) {
      offer(one, [entry(n)])
      seen.push([one.store.ticket, one.store.ready, other.store.ready])
    }
    expect(seen).toEqual([
      [0, 1, 1],
      [1, 2, 1],
      [2, 3, 1],
      [3, 4, 1],
    ])
    expect(one.ear.storedUpTo).toBe(0)
    await turn()
    expect([one.ear.storedUpTo, other.store.ready, valuesOf(other)]).toEqual([3, 4, [0, 1, 2, 3]])
    // All that was gathered is one parcel: the first item, and the others.
    expect(one.store.ledger.views.head).toBe(128)
  })

  it('are stored with whatever this handle asks for next [P19] [Q11.5]', async () => {
    for (const ask of [
      ({ store }: Handle<unknown>) => store.peek(0),
      ({ store }: Handle<unknown>) => store.take(1, 0),
      ({ store }: Handle<unknown>) => void store.shutdown(),
      ({ store }: Handle<unknown>) => void store.reopen(),
      ({ store }: Handle<unknown>) => store.close(),
    ]) {
      const [one, other] = two()
      for (const value of ['a', 'b', 'c']) offer(one, [entry(value)])
      expect([one.store.ready, stored(other)]).toEqual([3, 1])
      ask(one)
      expect([stored(other), one.ear.failures.size]).toEqual([3, 0])
      await turn()
      expect(one.ear.storedUpTo).toBe(2)
      handles.remove()
    }
  })

  it('are not stored before they are offered, whatever this handle asks for meanwhile', async () => {
    const [one, other] = two()
    for (const value of ['a', 'b']) offer(one, [entry(value)])
    one.store.seal([entry('c')])
    expect([one.store.ready, one.store.peek(0), one.store.ready]).toEqual([2, 'a', 2])
    await put(one, 'd')
    expect(valuesOf(other)).toEqual(['a', 'b', 'd'])
  })

  it('are stored at once as long as each is awaited before the next', async () => {
    const [one, other] = two()
    for (let n = 0; n < 40; n++) {
      offer(one, [entry(n)])
      expect([one.store.ticket, other.store.ready]).toEqual([0, n + 1])
      await Promise.resolve()
    }
    expect(valuesOf(other)).toEqual(Array.from({ length: 40 }, (_, n) => n))
  })

  it('go together up to as many as a parcel holds, and up to its bytes', async () => {
    const [one, other] = two()
    await put(one, ...Array.from({ length: 600 }, (_, n) => n))
    const leases = other.store.take(600, 0, true)
    expect(leases.map(({ value }) => value)).toEqual(Array.from({ length: 600 }, (_, n) => n))
    const parcels = leases.filter(({ sealed }, at) => sealed !== leases[at - 1]?.sealed)
    expect(parcels.map(({ sealed }) => sealed?.count)).toEqual([1, 256, 256, 87])
    await put(one, ...Array.from({ length: 20 }, (_, n) => `${n}${'x'.repeat(2000)}`))
    expect(valuesOf(other)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}${'x'.repeat(2000)}`))
  })

  it('take what cannot be encoded out again, and keep the rest in order [Q14.2]', async () => {
    const [one, other] = two()
    for (const value of [1, 2, { n: 3 }]) offer(one, [entry(value)])
    expect(() => offer(one, [entry(() => {})])).toThrow('cannot be encoded')
    const circle: { self?: unknown } = {}
    circle.self = circle
    offer(one, [entry(circle)])
    await put(one, { n: 4 }, { n: 5 })
    const values = valuesOf(other) as (typeof circle)[]
    expect(values.slice(0, 3)).toEqual([1, 2, { n: 3 }])
    expect(values[3]?.self).toBe(values[3])
    expect(values.slice(4)).toEqual([{ n: 4 }, { n: 5 }])
  })

  it('keep the time of each put, its headers, its delay, its key, whatever came before it in the turn', async () => {
    const [one, other] = two()
    offer(one, [entry('a', 1000)])
    offer(one, [entry('b', 2000)])
    offer(one, [new Entry('c', 3000, 0, 0, { h: 'c' })])
    offer(one, [new Entry('d', 4000, 5000)])
    offer(one, [new Entry('e', 5000, 0, 0, undefined, 'key')])
    await put(one, 'f')
    expect([other.store.delayed, other.store.nextDue]).toEqual([1, 5000])
    const leases = other.store.take(10, 5000)
    const seen = leases.map(({ value, enqueuedAt, headers, key }) => [value, enqueuedAt, headers, key])
    expect(seen.sort()).toEqual([
      ['a', 1000, {}, undefined],
      ['b', 2000, {}, undefined],
      ['c', 3000, { h: 'c' }, undefined],
      ['d', 4000, {}, undefined],
      ['e', 5000, {}, 'key'],
      ['f', 1000, {}, undefined],
    ])
  })

  it('that were held up are encoded alone, and stored when they are offered again [Q11.1]', async () => {
    const [one, other] = two({ capacity: 2 })
    await put(one, 'a', 'b')
    const waiting = [entry({ n: 'c' })]
    expect([offer(one, waiting), one.store.ready, one.store.ticket]).toEqual([false, 2, 0])
    expect(valuesOf(other, 1)).toEqual(['a'])
    expect(one.store.offer(waiting)).toBe(false)
    for (const lease of [...other.store.take(1, 0)]) other.store.ack(lease)
    await turn()
    expect(one.store.offer(waiting)).toBe(true)
    expect(valuesOf(other)).toEqual([{ n: 'c' }])
  })
})

describe('single puts that were taken and find no room', () => {
  /** Four are taken, of which the first is stored, and another handle fills the room that there seemed to be for three. */
  async function late(): Promise<[Handle<unknown>, Handle<unknown>]> {
    const [one, other] = two({ capacity: 4 })
    for (const value of ['a', 'b', 'c', 'd']) offer(one, [entry(value, 7000)])
    offer(other, [entry('x'), entry('y')])
    expect([one.store.full, one.store.ready, one.ear.storedUpTo]).toEqual([true, 6, 0])
    await turn()
    // One of them fits, the other two do not.
    expect([stored(other), one.store.ready, one.ear.storedUpTo]).toEqual([4, 6, 1])
    return [one, other]
  }

  it('are stored one by one, in order, as soon as there is room, and each is told [Q1.1]', async () => {
    const [one, other] = await late()
    expect(offer(one, [entry('e')])).toBe(false)
    const seen = []
    for (let n = 0; n < 4; n++) {
      const [lease] = other.store.take(1, 0)
      seen.push([lease?.value, lease?.enqueuedAt])
      other.store.ack(lease!)
      await until(() => one.ear.storedUpTo >= Math.min(3, n))
    }
    const { heard, storedUpTo } = one.ear
    expect([storedUpTo, heard.includes('writable')]).toEqual([3, true])
    expect(seen).toEqual([
      ['a', 7000],
      ['x', 1000],
      ['y', 1000],
      ['b', 7000],
    ])
    expect(valuesOf(other)).toEqual(['c', 'd'])
  })

  it('are given up when that is asked for, and no others [Q13.5]', async () => {
    const [one, other] = await late()
    one.store.withdraw(2)
    one.store.withdraw(9)
    await turn()
    expect([[...one.ear.failures], one.store.ready]).toEqual([[[2, 'ERR_QUEUE_FULL']], 5])
    for (const lease of [...other.store.take(4, 0)]) other.store.ack(lease)
    await until(() => one.ear.storedUpTo > 1)
    expect([one.ear.storedUpTo, valuesOf(other), one.ear.failures.size]).toEqual([3, ['d'], 1])
  })

  it('are given up in their own turn [Q13.6] [Q13.9]', async () => {
    const [one, other] = two()
    for (const value of ['a', 'b', 'c', 'd']) offer(one, [entry(value)])
    one.store.withdraw(2)
    await turn()
    expect([valuesOf(other), [...one.ear.failures]]).toEqual([['a', 'b', 'd'], [[2, 'ERR_QUEUE_FULL']]])
    expect(one.ear.storedUpTo).toBe(3)
  })

  it('are refused when the queue is shut down [Q10.5]', async () => {
    const [one, other] = await late()
    await other.store.shutdown()
    await turn()
    one.store.peek(0)
    await turn()
    const why = 'ERR_QUEUE_CLOSED'
    expect([...one.ear.failures]).toEqual([
      [2, why],
      [3, why],
    ])
    expect([one.store.ready, one.ear.storedUpTo]).toEqual([4, 1])
  })

  it('have to be stored at once for a caller that cannot wait [Q13.6]', async () => {
    const [one, other] = two({ capacity: 4 })
    one.store.storeNow()
    for (const value of ['a', 'b']) offer(one, [entry(value)])
    one.store.storeNow()
    expect([one.store.ticket, stored(other)]).toEqual([1, 2])
    offer(one, [entry('c')])
    offer(other, [entry('x'), entry('y')])
    expect(() => one.store.storeNow()).toThrow('full')
    await turn()
    expect([one.store.ready, [...one.ear.failures], valuesOf(other)]).toEqual([
      4,
      [[2, 'ERR_QUEUE_FULL']],
      ['a', 'b', 'x', 'y'],
    ])
  })
})

describe('large items of a shared queue', () => {
  const files = () => (existsSync(`${handles.path}.spill`) ? readdirSync(`${handles.path}.spill`).length : 0)
  const large = (n: number) => `${n}`.repeat(5000)

  it('of one put lie in as many files, and none is written where there is no room [S1] [Q12.2]', async () => {
    const [one, other] = two({ itemSize: 1000, capacity: 4 })
    const some = [1, 2, 3].map(n => entry(large(n)))
    expect([offer(one, some), files()]).toEqual([true, 3])
    expect([offer(one, [entry(large(4)), entry(large(5))]), files()]).toEqual([false, 3])
    expect([offer(one, [entry(large(4))]), offer(one, [entry(large(5))]), files()]).toEqual([true, false, 4])
    const leases = [...other.store.take(10, 0)]
    expect(leases.map(({ value }) => value)).toEqual([1, 2, 3, 4].map(large))
    for (const lease of leases) other.store.ack(lease)
    expect(files()).toBe(4)
    await turn()
    expect(files()).toBe(0)
  })

  it('fail their put where they cannot be written, and leave nothing [S1]', async () => {
    const [one] = two({ itemSize: 1000 })
    symlinkSync(`${handles.path}.nowhere/spill`, `${handles.path}.spill`)
    expect([offer(one, [entry(large(1))]), one.store.ticket]).toEqual([true, 1])
    await turn()
    expect([[...one.ear.failures], stored(one)]).toEqual([[[1, 'ERR_SPILL']], 0])
    rmSync(`${handles.path}.spill`)
    // Where a file takes the place of the folder, not even what is left of them can be removed.
    writeFileSync(`${handles.path}.spill`, '')
    expect([offer(one, [entry(large(1))]), one.store.ticket]).toEqual([true, 2])
    await turn()
    expect([one.ear.failures.get(2), stored(one)]).toEqual(['ERR_SPILL', 0])
    rmSync(`${handles.path}.spill`)
    expect([offer(one, [entry(large(1))]), one.store.ticket, stored(one)]).toEqual([true, 0, 1])
  })

  it('find the room that others have made [Q11.1]', async () => {
    const [one, other] = two({ itemSize: 1000, capacity: 1 })
    offer(one, [entry(large(1))])
    const waiting = [entry(large(2))]
    expect(offer(one, waiting)).toBe(false)
    one.store.attend({ ...NOTHING, room: true })
    // It was woken in vain, and waits on.
    expect(one.store.offer(waiting)).toBe(false)
    one.ear.heard.length = 0
    other.store.ack(other.store.take(1, 0)[0]!)
    await until(() => one.ear.heard.includes('writable'))
    expect([one.store.offer(waiting), stored(other)]).toEqual([true, 1])
    one.store.attend(NOTHING)
  })
})
