import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { packValues } from '#src/core/parcel-codec'
import { Section } from '#src/queues/durable/section'
import { arenaOptions, type DurableStoreOptions } from '#src/queues/durable/store-options'
import { codeOf, codeThrown, turns, until } from '../help.js'
import { afterwards, scratch } from './help.js'
import { type Handle, NOTHING, offer, openStore } from './stores.js'

let path: string
let one: Handle<unknown>
let other: Handle<unknown>

beforeEach(async () => {
  path = join(scratch(), 'queue')
  one = await openStore(path, { capacity: 10 })
  other = await openStore(path)
})

/** Who else is in the section, until it is called. */
function lock(): () => void {
  const nothing = (): void => {}
  const user = { repair: nothing, reap: nothing, news: nothing, unlocked: nothing }
  const { arena } = new Section(
    arenaOptions({ leases: join(path, 'leases'), what: path } as DurableStoreOptions),
    () => user,
  )
  arena.enter()
  afterwards(() => arena.close())
  return () => arena.leave()
}

function put({ store }: Handle<unknown>, ...values: unknown[]): void {
  offer({ store, ear: one.ear }, values)
  store.storeNow()
}

describe('who waits at a durable queue', () => {
  it('looks once when it begins, and hears of what others put, settle and end [Q13.1] [Q13.4]', async () => {
    const { store, ear } = other
    const heard = () => [...new Set(ear.heard.splice(0))]
    store.attend({ ...NOTHING, items: true })
    expect(heard()).toEqual(['readable'])
    put(one, 1)
    await until(() => ear.heard.length > 0)
    expect(heard()).toEqual(['readable'])
    const [lease] = store.take(1, 1)
    put(one, 2)
    await until(() => ear.heard.length > 0)
    expect([heard(), store.take(1, 1).length]).toEqual([['readable'], 1])
    store.attend({ ...NOTHING, room: true })
    heard()
    const taken = one.store.take(1, 1)
    expect(taken.length).toBe(0)
    put(one, 3)
    for (const mine of one.store.take(9, 1)) one.store.ack(mine)
    await until(() => ear.heard.length > 0)
    expect(heard()).toEqual(['writable'])
    store.attend({ ...NOTHING, rest: true })
    heard()
    store.ack(lease!)
    await turns(5)
    heard()
    store.attend(NOTHING)
    expect(heard()).toEqual([])
    // Each is told once, until it asks again.
    expect([one.store.ready, store.leased]).toEqual([0, 1])
  })

  it('hears when the last one is settled, and when an item is given back', async () => {
    put(one, 1, 2)
    const leases = one.store.take(2, 1)
    other.store.attend({ ...NOTHING, items: true })
    other.ear.heard.length = 0
    one.store.giveBack(leases[0]!, 0)
    await until(() => other.ear.heard.length > 0)
    const [back] = other.store.take(1, 1)
    other.store.attend({ ...NOTHING, rest: true })
    other.ear.heard.length = 0
    one.store.ack(leases[1]!)
    await turns(5)
    expect([other.ear.heard, other.store.leased]).toEqual([[], 1])
    other.store.attend(NOTHING)
    one.store.attend({ ...NOTHING, rest: true })
    one.ear.heard.length = 0
    other.store.ack(back!)
    await until(() => one.ear.heard.includes('readable'))
    expect([one.store.ready, one.store.leased, one.store.delayed]).toEqual([0, 0, 0])
  })

  it('hears of a shutdown, a handle that closes, and a queue that is removed [Q10.1]', async () => {
    other.store.attend({ items: true, room: true, rest: true })
    other.ear.heard.length = 0
    await one.store.shutdown()
    await until(() => other.ear.heard.includes('readable') && other.ear.heard.includes('writable'))
    await one.store.reopen()
    put(one, 1)
    one.store.take(1, 1)
    await turns(5)
    other.ear.heard.length = 0
    await one.store.close()
    await until(() => other.ear.heard.includes('readable'))
    expect(other.store.take(1, 1).map(({ value }) => value)).toEqual([1])
    one = await openStore(path)
    one.store.remove()
    expect([one.store.shut, other.store.shut]).toEqual([true, true])
    await until(() => other.ear.broke.length > 0)
    expect(other.ear.broke[0]).toBe('ERR_QUEUE_NOT_FOUND')
    // Who is closed asks for nothing more, and removes nothing.
    await other.store.close()
    other.ear.heard.length = 0
    other.store.attend({ items: true, room: true, rest: true })
    other.store.remove()
    await other.store.close()
    expect(other.ear.heard).toEqual([])
  })

  it('is told of its puts, when they are stored, known, or lost', async () => {
    const { store, ear } = one
    store.seal([new Entry(1, 1, 0, 0, {}, 'key')])
    expect(store.offer([])).toBe(false)
    expect(offer(one, [1], { key: 'key' })).toBe(true)
    await until(() => ear.storedUpTo === 1)
    expect([ear.heard.splice(0), ear.repeats, store.ticket]).toEqual([['readable'], 0, 1])
    offer(one, [1, 2], { key: 'key' })
    await until(() => ear.storedUpTo === 2)
    expect([ear.heard.splice(0), ear.repeats, store.ready]).toEqual([['readable', 'writable'], 2, 1])
    mkdirSync(join(path, 'payloads'))
    rmdirSync(join(path, 'payloads'))
    writeFileSync(join(path, 'payloads'), '')
    offer(one, ['x'.repeat(5000), 'small'])
    expect(store.ready).toBe(3)
    await until(() => ear.failures.size > 0)
    expect([[...ear.failures], ear.heard, store.ready, ear.storedUpTo]).toEqual([
      [[3, 'ERR_FOREIGN']],
      ['writable'],
      1,
      2,
    ])
  })
})

describe('a durable queue that is locked by another', () => {
  it('takes nothing in and gives nothing out, says so, and goes on when it comes free [Q13.6]', async () => {
    put(one, 1, 2, 3)
    const [mine, held, late] = one.store.take(3, 1)
    const leave = lock()
    const locked = (of: Handle<unknown>) => (of.store.locked as { code?: string } | undefined)?.code
    expect([other.store.take(1, 1), locked(other), codeThrown(() => other.store.peek(1))]).toEqual([
      [],
      'ERR_QUEUE_LOCKED',
      'ERR_QUEUE_LOCKED',
    ])
    expect([offer(other, [4]), locked(other), other.store.ticket]).toEqual([false, 'ERR_QUEUE_LOCKED', 0])
    // What must not fail is done later.
    one.store.handedOver(held!)
    expect([one.store.ack(mine!), one.store.giveBack(held!, 0), one.store.giveBack(late!, 5000)]).toEqual([
      true,
      true,
      true,
    ])
    expect(one.store.leased).toBe(3)
    one.ear.heard.length = 0
    leave()
    await until(
      () => one.store.leased === 0 && one.ear.heard.includes('writable') && one.ear.heard.includes('readable'),
    )
    one.store.storeNow()
    expect([other.store.take(5, 1).map(({ value }) => value), locked(other), other.store.delayed]).toEqual([
      [2],
      undefined,
      1,
    ])
  })

  it('clears nothing before it can, and then all', async () => {
    put(one, 1, 2, 3)
    const [, kept] = one.store.take(2, 1)
    one.store.giveBack(one.store.take(1, 1)[0]!, 5000)
    one.store.storeNow()
    const leave = lock()
    const cleared = one.store.clear()
    await turns(20)
    expect(other.store.leased).toBe(2)
    leave()
    expect([await cleared, one.store.ready, one.store.delayed, one.store.leased]).toEqual([[3], 0, 0, 2])
    expect(one.store.ack(kept!)).toBe(true)
  })
})

describe('a durable queue', () => {
  it('adopts what it can hold, and no more', () => {
    const parcel = packValues([1, 2, 3], 1)
    expect(one.store.adopt(parcel, 1)?.length).toBe(3)
    expect(one.store.adopt({ bytes: parcel.bytes, count: 11 }, 1)).toBe(undefined)
    expect(one.store.adopt({ bytes: parcel.bytes, count: 10 }, 1)?.length).toBe(10)
    expect(one.store.adopt({ bytes: Buffer.alloc(1001), count: 1 }, 1)).toBe(undefined)
    expect(one.store.adopt({ bytes: Buffer.alloc(1000), count: 1 }, 1)?.length).toBe(1)
  })

  it('tells who uses it, and what it takes up [Q16.2]', () => {
    const told = () => other.store.stat()
    expect(told()).toMatchObject({ participants: 2, waitingToTake: 0, waitingToPut: 0 })
    one.store.attend({ ...NOTHING, items: true })
    other.store.attend({ ...NOTHING, room: true })
    const { bytes } = told()
    expect(told()).toMatchObject({ participants: 2, waitingToTake: 1, waitingToPut: 1 })
    put(one, ...Array.from({ length: 9 }, () => 'x'.repeat(900)))
    expect([told().bytes! - bytes! > 4 * 900, bytes! > 4096]).toEqual([true, true])
    one.store.attend(NOTHING)
    other.store.attend(NOTHING)
  })

  it('goes on with its data file where no new one can be made, and says why', async () => {
    put(one, 1, 2)
    mkdirSync(join(path, 'items-1.mdb.new'))
    expect(await codeOf(one.store.compact())).toMatch(/^ERR_/)
    rmdirSync(join(path, 'items-1.mdb.new'))
    put(other, 3)
    expect(readdirSync(path).filter(name => name.endsWith('.mdb'))).toEqual(['items-0.mdb'])
    await one.store.compact()
    await until(() => !existsSync(join(path, 'items-0.mdb')))
    put(other, 4)
    expect(one.store.take(9, 1).map(({ value }) => value)).toEqual([1, 2, 3, 4])
  })
})
