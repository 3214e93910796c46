import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '#src/core/entry'
import { FRAME_ROOM } from '#src/core/frames'
import { codeOf, codeThrown } from './help.js'
import { parcelOf } from './raw-client.js'
import { type HostEnd, itemsOf, ScriptedHost, storeAt } from './scripted-host.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: { close(): Promise<void> }[] = []
let host: ScriptedHost

beforeEach(async () => {
  host = await ScriptedHost.listen(newPath())
})

afterEach(async () => {
  await host.close()
  for (const store of opened.splice(0)) await store.close()
})

async function connected(o: Parameters<typeof storeAt>[1] = {}) {
  const all = await storeAt(host, o)
  opened.push(all.store)
  return all
}

/** Wants so many items from here on. */
const WANTS = { items: true, room: false, rest: false }
const typesOf = async (end: HostEnd) => (await end.heard()).map(({ type }) => type)

describe('a client', () => {
  it('says nothing that nobody asked it to', async () => {
    const { end, store, told } = await connected()
    expect([await end.heard(), await end.heard(), told.length > 0]).toEqual([[], [], true])
    expect(store.ticket).toBe(0)
  })

  it('answers what the host said of its queue', async () => {
    const one = (await connected({ welcome: { byteCapacity: 1000, priorities: true } })).store
    expect([one.capacity, one.byteCapacity, one.priorities, one.keys]).toEqual([10, 1000, true, false])
    const other = (await connected({ welcome: { capacity: 7, keys: true } })).store
    expect([other.capacity, other.byteCapacity, other.priorities, other.keys]).toEqual([7, 2 ** 26, false, true])
  })

  it('counts what waits here for a reader among what nobody holds [Q11.3]', async () => {
    const { end, store } = await connected()
    store.attend(WANTS, () => 5)
    end.stand({ ready: 3, delayed: 1, leased: 4 })
    end.say(itemsOf(1, ['a', 'b']))
    await end.heard()
    expect([store.ready, store.delayed, store.leased]).toEqual([5, 1, 2])
    store.take(1)
    expect([store.ready, store.delayed, store.leased]).toEqual([4, 1, 3])
  })

  it.each([
    [{ ready: 9 }, false],
    [{ ready: 8, delayed: 1, leased: 1 }, true],
    [{ ready: 1, delayed: 8, leased: 0 }, false],
    [{ ready: 1, delayed: 1, leased: 8 }, true],
    [{ ready: 1, full: true }, true],
  ])('is full where its host is: %j [Q11.1]', async (standing, full) => {
    const { end, store, put } = await connected()
    end.stand(standing)
    await end.heard()
    expect([store.full, put([1])]).toEqual([full, !full])
  })

  it('counts what it puts at once, and puts together what fits together [Q11.1] [Q12.2]', async () => {
    const { end, store, put } = await connected({ standing: { ready: 1, delayed: 1, leased: 2 } })
    await end.heard()
    expect([put([1, 2, 3]), store.ready, store.delayed, put([4, 5, 6, 7])]).toEqual([true, 4, 1, false])
    expect([put([4, 5, 6]), store.ready, store.full, put([7])]).toEqual([true, 7, true, false])
    expect((await end.heard()).map(({ type, number, priority, delay }) => [type, number, priority, delay])).toEqual([
      ['put', 1, 0, 0],
      ['put', 2, 0, 0],
    ])
    expect(store.ticket).toBe(2)
  })

  it('puts with delay and priority [Q11.4]', async () => {
    const { end, store, put } = await connected()
    put([1], { due: Date.now() + 600_000, priority: 3 })
    expect([store.ready, store.delayed]).toEqual([0, 1])
    const [message] = await end.heard()
    expect(message).toMatchObject({ type: 'put', priority: 3 })
    expect(message?.delay).toBeGreaterThan(300_000)
  })

  it('refuses what no frame of the host can hold [Q14.2]', async () => {
    const frameLimit = FRAME_ROOM + 100_000
    const { store, put } = await connected({ welcome: { frameLimit } })
    const around = parcelOf(Buffer.alloc(90_000)).length - 90_000
    expect(put([Buffer.alloc(100_000 - around)])).toBe(true)
    expect(codeThrown(() => put([Buffer.alloc(100_001 - around)]))).toBe('ERR_ITEM_TOO_LARGE')
    expect(store.ticket).toBe(1)
  })

  it('has so many bytes of puts on their way, and no more [H4]', async () => {
    const { end, told, put } = await connected({ welcome: { frameLimit: 2 ** 24 } })
    const large = [Buffer.alloc(5 << 20)]
    expect([put(large), put(large)]).toEqual([true, false])
    end.say({ type: 'stored', number: 1 })
    await end.heard()
    expect([told.filter(([what]) => what === 'stored'), put(large)]).toEqual([[['stored', 1]], true])
  })

  it('tells its owner of each put what became of it, once [Q5.1]', async () => {
    const { end, told, put } = await connected()
    for (let n = 1; n <= 4; n++) put([n])
    const error = new Error('no')
    const failed = (number: number) => ({ type: 'failed', number, error })
    end.say(failed(2), failed(2), failed(9), { type: 'stored', number: 3 }, failed(1))
    await end.heard()
    expect(told.filter(([what]) => what !== 'readable').map(([what, ticket]) => [what, ticket])).toEqual([
      ['failed', 2],
      ['stored', 3],
    ])
  })

  it('gives up a put that the host has not confirmed, and no other [Q13.9]', async () => {
    const { end, store, put } = await connected()
    put([1])
    put([2])
    end.say({ type: 'stored', number: 1 })
    await end.heard()
    store.withdraw(1)
    store.withdraw(2)
    expect(await end.heard()).toEqual([{ type: 'withdraw', number: 2 }])
  })

  it('settles what it was sent, and counts that at once [Q6.4]', async () => {
    const { end, store } = await connected()
    store.attend(WANTS, () => 3)
    end.stand({ leased: 3 })
    end.say(itemsOf(1, ['a', 'b', 'c'], [0, 2, 0]))
    await end.heard()
    const [a, b, c] = store.take(3) as [Lease<unknown>, Lease<unknown>, Lease<unknown>]
    store.handedOver(c)
    expect([store.ack(a), store.ack(a), store.giveBack(b, 0), store.giveBack(a, 0)]).toEqual([true, false, true, false])
    expect([store.ready, store.leased]).toEqual([1, 1])
    const { frames } = end
    const settled = (await end.heard()).find(({ type }) => type === 'settle')
    expect(settled).toEqual({ type: 'settle', acked: [1], back: [[2, 2, 0]], handed: [3] })
    // The host does not know of it, and then it does.
    end.stand({ seen: frames, leased: 3 })
    await end.heard()
    expect([store.ready, store.leased]).toEqual([1, 1])
    end.stand({ seen: frames + 1, ready: 1, leased: 1 })
    await end.heard()
    expect([store.ready, store.leased, store.peek()]).toEqual([1, 1, undefined])
  })

  it.each(['ack', 'giveBack', 'handedOver'] as const)(
    'says so in the same turn when it is told of one %s',
    async what => {
      const { end, store } = await connected()
      store.attend(WANTS, () => 1)
      end.say(itemsOf(1, ['a']))
      await end.heard()
      const [lease] = store.take(1) as [Lease<unknown>]
      await end.heard()
      store[what](lease, 0)
      expect(await end.next('settle')).toMatchObject({ type: 'settle' })
    },
  )

  it('is shut down, or open again, from its call on [Q10.4]', async () => {
    const { end, store } = await connected()
    await end.heard()
    const { frames } = end
    const done = store.shutdown()
    expect(store.shut).toBe(true)
    const [ask] = await end.heard()
    expect(ask).toMatchObject({ type: 'ask', what: 'shutdown' })
    // What the host said before it heard that.
    end.stand({ seen: frames, shut: false })
    await end.heard()
    expect(store.shut).toBe(true)
    end.stand({ seen: frames + 1, shut: true })
    end.say({ type: 'answer', number: ask?.number })
    await done
    expect(store.shut).toBe(true)
    const reopened = store.reopen()
    expect(store.shut).toBe(false)
    const [again] = await end.heard()
    expect(again).toMatchObject({ type: 'ask', what: 'reopen' })
    end.stand({ seen: end.frames, shut: false })
    end.say({ type: 'answer', number: again?.number })
    await reopened
    expect(store.shut).toBe(false)
  })

  it('answers all the parts of what was cleared [Q10.8]', async () => {
    const { end, store } = await connected()
    const left = store.clear()
    const { number } = await end.next('ask')
    end.say({ type: 'part', number, parcel: parcelOf(1, 2) }, { type: 'part', number, parcel: parcelOf(3) })
    end.say({ type: 'answer', number })
    expect(await left).toEqual([1, 2, 3])
  })

  it('tells of an item that cannot be sent [H10]', async () => {
    const { end, undeliverable } = await connected()
    const error = new Error('too large')
    end.say({ type: 'undeliverable', error })
    await end.heard()
    expect(undeliverable).toEqual([error])
  })

  it('settles before it hangs up, and leaves nobody waiting [Q10.15]', async () => {
    const { end, store } = await connected()
    store.attend(WANTS, () => 3)
    end.say(itemsOf(1, ['a', 'b']))
    await end.heard()
    const [a, b] = store.take(2) as [Lease<unknown>, Lease<unknown>]
    const asked = codeOf(store.ask('stat'))
    await end.heard()
    store.ack(a)
    void store.close()
    const closing = store.close()
    expect(store.ack(b)).toBe(false)
    expect(await asked).toBe('ERR_QUEUE_CLOSED')
    await closing
    // The host has heard it.
    expect(end.socket.readableEnded).toBe(true)
    expect(await end.closed()).toMatchObject([
      { type: 'settle', acked: [1], back: [], handed: [] },
      { type: 'want', items: 0, seen: 2, room: false, rest: false },
    ])
  })

  it('is cut off from a host that says what nobody knows [H4]', async () => {
    const { end } = await connected()
    end.say({ type: 'nothing' })
    await end.closed()
    const again = await host.letIn()
    expect(await typesOf(again)).toEqual([])
  })
})
