import { afterEach, describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { codeThrown, turns, until } from './help.js'
import { type Handle, Handles, NOTHING, offer, type Sizes, turn } from './shared/stores.js'

let handles: Handles<unknown>
afterEach(() => handles.remove())

function two(sizes: Sizes = {}): [Handle<unknown>, Handle<unknown>] {
  handles = new Handles(sizes)
  return [handles.open(), handles.open()]
}

const put = (handle: Handle<unknown>, ...values: unknown[]) => {
  const entries = values.map(value => new Entry(value, 1000))
  return offer(handle, entries)
}
/** What it hears from now on. */
const deaf = ({ ear }: Handle<unknown>): string[] => {
  ear.heard.length = 0
  return ear.heard
}

describe('a handle of a shared queue', () => {
  it('hears at once that it may look, when somebody begins to wait [Q13.1]', () => {
    const [one] = two()
    const heard = deaf(one)
    const said = (wants: Partial<typeof NOTHING>): string[] => {
      one.store.attend({ ...NOTHING, ...wants })
      return heard.splice(0)
    }
    expect(said({ items: true })).toEqual(['readable'])
    expect(said({ items: true })).toEqual([])
    expect(said({ items: true, rest: true })).toEqual(['readable'])
    expect(said({ items: true, rest: true, room: true })).toEqual(['writable'])
    expect(said({ rest: true, room: true })).toEqual([])
    expect(said({})).toEqual([])
    expect(said({ room: true })).toEqual(['writable'])
    expect(said({})).toEqual([])
  })

  it('hears of what it waits for, from another handle, and of nothing else [Q13.1] [Q13.13]', async () => {
    const [one, other] = two({ capacity: 2 })
    one.store.attend({ ...NOTHING, items: true })
    const heard = deaf(one)
    put(other, 'a')
    await until(() => heard.length > 0)
    expect([heard.splice(0), one.store.take(1, 0)[0]?.value]).toEqual([['readable'], 'a'])
    // It looked, found nothing, and is told of the next one.
    expect(one.store.take(1, 0)).toEqual([])
    put(other, 'b')
    await until(() => heard.length > 0)
    expect(heard.splice(0)).toEqual(['readable'])
    one.store.attend({ ...NOTHING, room: true })
    heard.length = 0
    expect(put(one, 'c')).toBe(false)
    other.store.ack(other.store.take(1, 0)[0]!)
    await until(() => heard.length > 0)
    expect(heard.splice(0)).toEqual(['writable'])
    one.store.attend(NOTHING)
    put(other, 'd')
    await turns(5)
    expect(heard).toEqual([])
  })

  it('hears of what goes back, of what falls due later, and when all is settled [Q15.3]', async () => {
    const [one, other] = two()
    put(other, 'a', 'b')
    const leases = [...other.store.take(2, 0)]
    const heard = deaf(one)
    one.store.attend({ ...NOTHING, items: true })
    one.store.take(1, 0)
    heard.length = 0
    other.store.giveBack(leases[0]!, 0)
    await until(() => heard.length > 0)
    const [again] = [...one.store.take(1, 0)]
    expect([again?.value, heard.splice(0)]).toEqual(['a', ['readable']])
    one.store.take(1, 0)
    other.store.giveBack(leases[1]!, 9000)
    await until(() => heard.length > 0)
    expect([one.store.take(1, 8999).length, one.store.take(1, 9000)[0]?.value]).toEqual([0, 'b'])
    put(other, 'c')
    const [last] = [...other.store.take(1, 0)]
    one.store.attend({ ...NOTHING, rest: true })
    heard.length = 0
    one.store.ack(again!)
    await turn()
    expect(one.store.leased).toBe(2)
    other.store.ack(last!)
    await turn()
    // One is out with this handle itself.
    expect(heard).toEqual([])
    one.store.attend(NOTHING)
  })

  it('hears, where it joins, when the last item has left [Q15.3] [Q10.1]', async () => {
    const [one, other] = two()
    put(other, 'a', 'b')
    const leases = [...other.store.take(2, 0)]
    one.store.attend({ ...NOTHING, rest: true })
    const heard = deaf(one)
    other.store.ack(leases[0]!)
    await turns(5)
    expect(heard).toEqual([])
    other.store.ack(leases[1]!)
    await until(() => heard.length > 0)
    expect([heard[0], one.store.leased, one.store.ready]).toEqual(['readable', 0, 0])
    one.store.attend(NOTHING)
  })

  it('hears of a shutdown and of a reopening, whatever it waits for [Q10.1] [Q10.11]', async () => {
    const [one, other] = two()
    for (const [wants, word] of [
      [{ items: true }, 'readable'],
      [{ room: true }, 'writable'],
      [{ rest: true }, 'readable'],
    ] as const) {
      one.store.attend({ ...NOTHING, ...wants })
      for (const change of [() => other.store.shutdown(), () => other.store.reopen()]) {
        const heard = deaf(one)
        await change()
        await until(() => heard.length > 0)
        expect(heard[0]).toBe(word)
        one.store.take(1, 0)
        put(one, 'x')
        for (const lease of [...one.store.take(9, 0)]) one.store.ack(lease)
        await turn()
        one.store.attend(NOTHING)
        one.store.attend({ ...NOTHING, ...wants })
      }
      one.store.attend(NOTHING)
    }
    expect(other.store.shut).toBe(false)
  })

  it('is one of several that wait, of whom one is woken for an item, and all for a time to come [Q13.1] [Q11.4]', async () => {
    const [one, other] = two()
    const third = handles.open()
    const waiting = [one, third]
    const listen = (): void => {
      for (const user of waiting) {
        user.store.attend(NOTHING)
        user.store.attend({ ...NOTHING, items: true })
        user.store.take(1, 0)
        deaf(user)
      }
    }
    const woken = async (count: number): Promise<Handle<unknown>[]> => {
      await until(() => waiting.filter(({ ear }) => ear.heard.length > 0).length >= count)
      await turns(5)
      return waiting.filter(({ ear }) => ear.heard.length > 0)
    }
    listen()
    put(other, 'a', 'b')
    const [first, ...others] = await woken(1)
    expect(others).toEqual([])
    // Whoever leaves something wakes the next one.
    const [a] = [...first!.store.take(1, 0)]
    const both = await woken(2)
    const [b] = [...both.find(user => user !== first)!.store.take(1, 0)]
    expect([a?.value, b?.value]).toEqual(['a', 'b'])
    listen()
    put(other, 'c')
    expect((await woken(1)).length).toBe(1)
    const [c] = [...other.store.take(1, 0)]
    listen()
    other.store.giveBack(c!, 0)
    expect((await woken(1)).length).toBe(1)
    const [again] = [...other.store.take(1, 0)]
    listen()
    other.store.giveBack(again!, 5000)
    expect((await woken(2)).length).toBe(2)
    listen()
    expect(offer(other, [new Entry<unknown>('d', 1000, 6000)])).toBe(true)
    expect((await woken(2)).length).toBe(2)
    expect([one.store.delayed, one.store.nextDue]).toEqual([2, 5000])
    for (const user of waiting) user.store.attend(NOTHING)
  })

  it('hears of the leases of one that closes [Q10.15] [Q6.3]', async () => {
    const [one, other] = two({ capacity: 2 })
    const third = handles.open()
    put(other, 'a', 'b')
    other.store.take(2, 0)
    one.store.attend({ ...NOTHING, items: true })
    one.store.take(1, 0)
    third.store.attend({ ...NOTHING, rest: true })
    const heard = [deaf(one), deaf(third)]
    handles.close(other)
    await until(() => heard.every(words => words.length > 0))
    expect([heard.map(([word]) => word), one.store.ready]).toEqual([['readable', 'readable'], 2])
    for (const user of [one, third]) user.store.attend(NOTHING)
  })

  it('hears that there is room only where there still is, and wakes the next one [Q13.1]', async () => {
    const [one, other] = two({ capacity: 3 })
    const third = handles.open()
    expect(put(other, 1, 2, 3)).toBe(true)
    for (const user of [one, third]) {
      user.store.attend({ ...NOTHING, room: true })
      expect(put(user, 'waits')).toBe(false)
      deaf(user)
    }
    const leases = [...other.store.take(3, 0)]
    for (const lease of leases.slice(0, 2)) other.store.ack(lease)
    await until(() => one.ear.heard.length + third.ear.heard.length > 0)
    for (const user of [one, third]) if (user.ear.heard.length > 0) expect(put(user, 'came')).toBe(true)
    await until(() => one.ear.heard.length > 0 && third.ear.heard.length > 0)
    for (const user of [one, third]) user.store.attend(NOTHING)
  })
})

describe('a shared queue whose lock is held by another handle', () => {
  it('refuses what cannot wait, takes what can, and goes on when it is free [Q12.6]', async () => {
    const [one, other] = two()
    put(one, 'a', 'b', 'c')
    const [lease, back] = [...one.store.take(2, 0)]
    const heard = deaf(one)
    expect([one.store.locked, other.arena.enter()]).toEqual([undefined, true])
    const { store } = one
    expect(store.ack(lease!)).toBe(true)
    expect(store.giveBack(back!, 0)).toBe(true)
    expect([store.take(1, 0), store.take(5, 0), store.consume(5, 0), put(one, 'd')]).toEqual([[], [], [], false])
    expect(store.locked).toMatchObject({ code: 'ERR_QUEUE_LOCKED' })
    expect(codeThrown(() => store.peek(0))).toBe('ERR_QUEUE_LOCKED')
    const done: string[] = []
    const shut = Promise.resolve(store.shutdown()).then(() => done.push('shut'))
    const cleared = store.clear().then(values => done.push(...(values as string[])))
    await turns(3)
    expect([done, store.shut, heard, store.ready, store.leased]).toEqual([[], true, [], 1, 0])
    other.arena.leave()
    await Promise.all([shut, cleared])
    expect(done.sort()).toEqual(['b', 'c', 'shut'])
    expect([store.locked, heard.includes('readable'), heard.includes('writable')]).toEqual([undefined, true, true])
    expect([other.store.ready, other.store.leased, other.ear.failures.size]).toEqual([0, 0, 0])
  })

  it('stores what was put together with what had to wait, when it is free [Q5.5] [Q12.6]', async () => {
    const [one, other] = two()
    put(one, 'a')
    put(one, 'b')
    expect(other.arena.enter()).toBe(true)
    expect(codeThrown(() => one.store.storeNow())).toBe('ERR_QUEUE_LOCKED')
    await turns(3)
    expect([[...one.ear.failures], other.store.ready]).toEqual([[[1, 'ERR_QUEUE_FULL']], 1])
    other.arena.leave()
    await until(() => one.store.locked === undefined)
    expect(other.store.take(9, 0).map(({ value }) => value)).toEqual(['a'])
    handles.remove()
    const [third, fourth] = two()
    put(third, 'c')
    put(third, 'd')
    expect(fourth.arena.enter()).toBe(true)
    await turns(3)
    expect([third.ear.storedUpTo, fourth.store.ready]).toEqual([0, 1])
    fourth.arena.leave()
    await until(() => third.ear.storedUpTo > 0)
    expect(fourth.store.take(9, 0).map(({ value }) => value)).toEqual(['c', 'd'])
  })

  it('says nothing of the lock where there is nothing to take [Q8.1]', async () => {
    const [one, other] = two()
    expect(other.arena.enter()).toBe(true)
    put(one, 'a')
    expect(one.store.locked).toMatchObject({ code: 'ERR_QUEUE_LOCKED' })
    expect([one.store.take(1, 0), one.store.locked]).toEqual([[], undefined])
    other.arena.leave()
    await turn()
  })
})

describe('a lease of a shared queue', () => {
  it('that has passed on is of no use, and does no harm [Q7.1] [Q7.2]', async () => {
    const [one, other] = two()
    put(one, 'a', 'b', 'c')
    const [a, b, c] = [...one.store.take(3, 0)]
    one.store.ack(c!)
    // As where it was taken for dead.
    expect(other.arena.enter()).toBe(true)
    other.store.reap(one.arena.slot)
    other.arena.leave()
    const [again] = [...other.store.take(1, 0)]
    expect(again?.value).toBe('a')
    a!.attempt = 7
    one.store.handedOver(a!)
    expect([one.store.ack(a!), one.store.giveBack(b!, 0), one.store.ack(b!), again?.attempt]).toEqual([
      ...[false, false, false, 0],
    ])
    await turn()
    expect(other.store.take(9, 0).map(({ value, attempt }) => [value, attempt])).toEqual([
      ['b', 0],
      ['c', 0],
    ])
    expect([other.store.ready, other.store.leased]).toEqual([0, 3])
  })

  it('that never was is counted as a hand-over, and comes again where its process dies in that turn [Q5.5] [Q6.4]', async () => {
    const [one, other] = two()
    put(one, 'a', 'b')
    expect(one.store.consume(2, 0)).toEqual(['a', 'b'])
    expect([one.store.leased, other.store.leased]).toEqual([0, 2])
    expect(other.arena.enter()).toBe(true)
    other.store.reap(one.arena.slot)
    other.arena.leave()
    await turn()
    expect(other.store.take(9, 0).map(({ value, attempt }) => [value, attempt])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect(other.store.ledger.views.settled).toBe(0)
  })
})

describe('a shared queue that ends', () => {
  it('answers what was left, all of it once, and discards what comes back later [Q10.8] [Q10.9] [Q10.10]', async () => {
    const [one, other] = two()
    put(one, 'a', 'b', 'c', 'd', 'e')
    const [a, b, c] = [...other.store.take(3, 0)]
    other.store.giveBack(a!, 9_000_000_000_000)
    one.store.take(1, 0)
    await one.store.shutdown()
    expect((await one.store.clear()).sort()).toEqual(['a', 'e'])
    expect([one.store.ready, one.store.delayed, one.store.leased]).toEqual([0, 0, 3])
    expect([other.store.giveBack(b!, 0), other.store.ack(c!)]).toEqual([true, true])
    await turn()
    expect([one.store.ready, one.store.leased]).toEqual([0, 1])
    handles.close(one)
    expect([other.store.ready, other.store.leased, other.store.ledger.views.settled]).toEqual([0, 0, 5])
    await other.store.shutdown()
    expect(other.store.ledger.views.shut).toBe(2)
    await other.store.reopen()
    expect([other.store.shut, put(other, 'f'), other.store.ready]).toEqual([false, true, 1])
  })

  it('is emptied without being shut down [Q10.8]', async () => {
    const [one] = two()
    put(one, 'a', 'b')
    expect(await one.store.clear()).toEqual(['a', 'b'])
    expect([one.store.shut, one.store.leased, put(one, 'c'), one.store.ready]).toEqual([false, 0, true, 1])
  })

  it('writes what it has settled before it closes, and does nothing afterwards [Q10.15] [Q10.16]', async () => {
    const [one, other] = two()
    put(one, 'a', 'b', 'c')
    const [a, b] = [...one.store.take(2, 0)]
    one.store.ack(a!)
    put(one, 'd')
    put(one, 'e')
    one.store.attend({ ...NOTHING, items: true })
    expect(one.store.consume(1, 0)).toBe(undefined)
    put(one, 'f')
    put(one, 'g')
    handles.close(one)
    one.store.close()
    expect([one.ear.storedUpTo > 0, other.store.ready, other.store.leased]).toEqual([true, 6, 0])
    expect([one.store.take(1, 0), one.store.take(2, 0), one.store.consume(2, 0)]).toEqual([[], [], undefined])
    expect([one.store.ack(b!), one.store.giveBack(b!, 0)]).toEqual([false, false])
    one.store.attend({ items: true, room: true, rest: true })
    await turn()
    expect(other.store.take(9, 0).map(({ value }) => value)).toEqual(['b', 'c', 'd', 'e', 'f', 'g'])
    expect(other.store.take(0, 0)).toEqual([])
  })

  it('writes both what it has settled and what it has put, one of each, before it closes [Q5.5] [Q10.15]', () => {
    const [one, other] = two()
    put(one, 'a')
    put(one, 'b')
    one.store.take(1, 0)
    const [lease] = [...one.store.take(1, 0)]
    put(one, 'c')
    expect([lease?.value, one.store.ack(lease!), one.store.ready, other.store.ready]).toEqual(['b', true, 1, 0])
    handles.close(one)
    expect(other.store.take(9, 0).map(({ value }) => value)).toEqual(['a', 'c'])
    expect(other.store.ledger.views.settled).toBe(1)
  })

  it('leaves its payloads when another has taken its place [P22]', async () => {
    const [one] = two({ itemSize: 1000 })
    put(one, 'L'.repeat(5000))
    const stat = one.store.ledger.oldest()
    expect(stat).toBe(1000)
    expect(one.arena.unlink()).toBe(true)
    expect(one.arena.unlink()).toBe(false)
  })
})
