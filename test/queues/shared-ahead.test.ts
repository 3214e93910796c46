import type { SyncQueue } from 'queuelink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ahead } from '#src/queues/shared/ahead'
import type { SharedLease } from '#src/queues/shared/shared-lease'
import { turn } from './shared/stores.js'
import { open } from './shared/users.js'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)

/** Two handles of a queue of 0 to 99, of which the first has taken so many, one by one, in this turn. */
async function begun(taken: number): Promise<[one: SyncQueue<number>, other: SyncQueue<number>]> {
  const one = await open<number>()
  const other = await open<number>(one.name)
  await other.putBatch(numbers(0, 100))
  await turn()
  for (let n = 0; n < taken; n++) expect(await one.get()).toBe(n)
  return [one, other]
}

describe('a handle that takes item by item leases ahead', () => {
  it('counts what it has not handed over as ready, and hands it over next [Q6.5] [Q11.5]', async () => {
    const [one, other] = await begun(6)
    expect(other.size).toBeLessThan(94)
    expect([one.size, one.peek(), one.getNowait(), (await one.receive()).value]).toEqual([94, 6, 6, 7])
    expect(await one.getBatch(90)).toEqual(numbers(8, 98))
    expect([one.getNowait(), await one.get(), one.size]).toEqual([98, 99, 0])
  })

  it('hands over no more of it than a batch asks for [Q6.6]', async () => {
    const [one, other] = await begun(5)
    expect([await one.getBatch(2), await one.getBatch(1), await one.get(), one.size]).toEqual([[5, 6], [7], 8, 91])
    await turn()
    expect([other.size, await other.getBatch(100)]).toEqual([91, numbers(9, 100)])
  })

  it('gives it back when the turn ends, in order and with no attempt counted [Q6.5]', async () => {
    const [one, other] = await begun(6)
    await turn()
    expect([one.size, other.size]).toEqual([94, 94])
    const delivery = await other.receive()
    expect([delivery.value, delivery.attempt]).toEqual([6, 1])
    expect(await other.getBatch(93)).toEqual(numbers(7, 100))
  })

  it('leases nothing ahead of the first few', async () => {
    const [one, other] = await begun(3)
    expect([one.size, other.size, await other.get()]).toEqual([97, 97, 3])
  })

  it('hands over an item that was given back before them [Q1.5]', async () => {
    const [one] = await begun(5)
    const delivery = await one.receive()
    expect(await one.get()).toBe(6)
    await delivery.nack({ delay: 0 })
    await turn()
    expect([await one.get(), await one.get(), await one.get()]).toEqual([5, 7, 8])
  })

  it('gives it back when it closes, and when the queue is shut down at once [Q6.1] [Q10.8]', async () => {
    const [one, other] = await begun(6)
    await one.close()
    expect([other.size, await other.get()]).toEqual([94, 6])
    const [third] = await begun(6)
    expect(await third.shutdown({ immediate: true })).toEqual(numbers(6, 100))
  })

  it('wakes who waits for what comes back', async () => {
    const [one, other] = await begun(6)
    const there = await other.getBatch(100)
    const waiting = other.get()
    // Nothing was left to take: it comes when this turn of the first handle ends.
    expect([there.at(-1), one.size > 0]).toEqual([99, true])
    expect(await waiting).toBe(6)
  })

  it('looks for more in the next turn when it has had all, unless it is asked to try once [Q6.6]', async () => {
    const [one, other] = await begun(100)
    await other.putBatch([100, 101])
    expect([one.getNowait(), await one.get({ timeout: 0 })]).toEqual([100, 101])
    await other.put(102)
    let came: number | undefined
    const waiting = one.get().then(n => (came = n))
    await Promise.resolve()
    expect([came, one.size]).toEqual([undefined, 1])
    await turn()
    expect([await waiting, one.size]).toEqual([102, 0])
  })

  it('waits as ever when it has had all and nothing comes [Q6.6] [Q13.1]', async () => {
    const [one, other] = await begun(100)
    const waiting = one.get()
    for (let n = 0; n < 3; n++) await turn()
    const { waitingToTake } = await other.stat()
    await other.put(100)
    expect([waitingToTake, await waiting]).toEqual([1, 100])
  })
})

describe('what is leased ahead', () => {
  const leases = (count: number) => numbers(0, count).map(n => ({ index: n }) as SharedLease<number>)
  const { now } = performance
  let clock = 0
  beforeEach(() => {
    performance.now = () => clock
  })
  afterEach(() => {
    performance.now = now
  })
  const begin = () => {
    const back: (readonly SharedLease<number>[])[] = []
    return { back, ahead: new Ahead<number>(given => void back.push(given)) }
  }
  const appetites = (ahead: Ahead<number>, count: number) => numbers(0, count).map(() => ahead.appetite)

  it('grows with those who take briskly, and begins anew where they dawdle [Q6.5]', async () => {
    const { ahead } = begin()
    expect(appetites(ahead, 9)).toEqual([0, 0, 0, 4, 8, 16, 32, 64, 64])
    clock += 1
    expect(appetites(ahead, 3)).toEqual([0, 4, 8])
    clock += 0.9
    expect(appetites(ahead, 1)).toEqual([16])
    await turn()
    // A pause between turns is none.
    clock += 9
    expect(appetites(ahead, 3)).toEqual([32, 64, 64])
    await turn()
    ahead.keep(leases(3))
    await turn()
    // It was too much.
    expect(appetites(ahead, 5)).toEqual([0, 0, 0, 4, 8])
    ahead.stop()
  })

  it('is handed over in order, one by one or all of it, and the rest goes back when the turn ends [Q6.5]', async () => {
    const { ahead, back } = begin()
    const some = leases(5)
    expect([ahead.length, ahead.first, [...ahead.keep(some)]]).toEqual([0, undefined, [some[0]]])
    expect([ahead.length, ahead.first, [...ahead.shift()], ahead.length]).toEqual([4, some[1], [some[1]], 3])
    expect([ahead.take(9), ahead.length, ahead.first]).toEqual([some.slice(2), 0, undefined])
    ahead.hold(some)
    await turn()
    expect([back, ahead.length]).toEqual([[some], 0])
    await turn()
    ahead.keep(some)
    for (let n = 1; n < 5; n++) ahead.shift()
    await turn()
    ahead.giveBack()
    ahead.hold(some)
    expect(ahead.take(9)).toEqual(some)
    ahead.keep(some)
    ahead.giveBack()
    expect(back).toEqual([some, some.slice(1)])
    ahead.hold(some)
    ahead.stop()
    await turn()
    expect(back.length).toBe(2)
  })

  it('is spent for its turn when all that there was is out [Q6.6]', async () => {
    const { ahead } = begin()
    expect(appetites(ahead, 4).at(-1)).toBe(4)
    const spent = [0, 5].map(count => {
      ahead.got(count)
      return ahead.isSpent
    })
    ahead.got(4)
    spent.push(ahead.isSpent)
    ahead.hold(leases(2))
    spent.push(ahead.isSpent)
    ahead.take(9)
    spent.push(ahead.isSpent)
    await turn()
    expect([...spent, ahead.isSpent]).toEqual([false, false, true, false, true, false])
  })
})
