import type { SyncQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { open } from './shared/users.js'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n)
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

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
