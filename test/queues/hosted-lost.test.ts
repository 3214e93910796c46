import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Lease } from '#src/core/entry'
import type { Welcome } from '#src/queues/socket/protocol'
import { codeOf, turns, until } from './help.js'
import type { Message } from './raw-end.js'
import { type HostEnd, itemsOf, ScriptedHost, storeAt } from './scripted-host.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: { close(): Promise<void> }[] = []
let host: ScriptedHost

beforeEach(async () => {
  host = await ScriptedHost.listen(newPath())
})

afterEach(async () => {
  for (const store of opened.splice(0)) await Promise.race([store.close(), host.close()])
  await host.close()
})

async function connected(o: Parameters<typeof storeAt>[1] = {}) {
  const all = await storeAt(host, o)
  opened.push(all.store)
  const lose = async (welcome: Partial<Welcome> = {}): Promise<HostEnd> => {
    all.end.socket.destroy()
    return host.letIn({ ...o.welcome, ...welcome })
  }
  return { ...all, lose }
}

type Wants = { items: boolean; room: boolean; rest: boolean }
const wants = (o: Partial<Wants> = {}): Wants => ({ items: false, room: false, rest: false, ...o })
const ITEMS = wants({ items: true })
const wantsIn = (messages: readonly Message[]) => messages.filter(({ type }) => type === 'want')

describe('a client whose connection was lost', () => {
  it('comes again as the same client, and repeats what was not confirmed [H5] [H6]', async () => {
    const { end, store, told, put, lose } = await connected()
    for (const n of [1, 2, 3, 4]) put([n])
    put([5, 6], { due: Date.now() + 600_000 })
    store.withdraw(4)
    const said = await end.heard()
    const again = await lose({ stored: 2 })
    expect(again.hello).toEqual(end.hello)
    const repeated = await again.heard()
    expect(repeated.map(({ type, number }) => [type, number])).toEqual([
      ['put', 3],
      ['put', 4],
      ['withdraw', 4],
      ['put', 5],
    ])
    expect(repeated.find(({ type }) => type === 'put')?.parcel).toEqual(said[2]?.parcel)
    expect(told).toContainEqual(['stored', 2])
    // None of these is known to the host that it came back to.
    expect([store.ready, store.delayed, store.leased]).toEqual([2, 2, 0])
  })

  it('puts, and gives up, and asks, while there is no connection [H5]', async () => {
    const { end, store, told, put } = await connected()
    await end.heard()
    const { length } = told
    end.socket.destroy()
    await until(() => told.length > length)
    const next = host.next()
    expect(put([1])).toBe(true)
    expect(put([2])).toBe(true)
    store.withdraw(1)
    const done = store.shutdown()
    expect(store.shut).toBe(true)
    const again = await next
    again.welcome()
    const said = await again.heard()
    expect(said.map(({ type }) => type).filter(type => type !== 'ask')).toEqual(['put', 'withdraw', 'put'])
    const number = said.find(({ what }) => what === 'shutdown')?.number
    expect(store.shut).toBe(true)
    again.stand({ seen: 1, shut: true })
    again.say({ type: 'answer', number })
    await done
  })

  it('has lost its leases, and says again what it wants [H7]', async () => {
    const { end, store, told } = await connected()
    store.attend(ITEMS, () => 4)
    end.stand({ ready: 1, leased: 3 })
    end.say(itemsOf(1, ['a', 'b', 'c']))
    await end.heard()
    const [a, b] = store.take(2) as [Lease<unknown>, Lease<unknown>]
    store.ack(a)
    await end.heard()
    const before = told.length
    end.socket.destroy()
    await until(() => told.length > before)
    expect([store.ack(b), store.giveBack(b, 0), store.take(5)]).toEqual([false, false, []])
    const again = await host.letIn({}, { ready: 3 })
    expect(await again.heard()).toEqual([{ type: 'want', items: 4, seen: 0, room: false, rest: false }])
    expect([store.ready, store.leased]).toEqual([3, 0])
  })

  it('is answered by the next host, but for what was removed from the queue', async () => {
    const { store, lose } = await connected()
    const [stat, clear] = [store.ask('stat'), codeOf(store.clear())]
    const again = await lose()
    expect(await clear).toBe('ERR_CONNECTION')
    const { number } = await again.next('ask')
    again.say({ type: 'answer', number, value: 7 })
    expect(await stat).toBe(7)
  })

  it.each<[boolean, Partial<Welcome>, Partial<Welcome>]>([
    [true, { kind: 'fifo', name: 'one' }, { name: 'other' }],
    [true, { kind: 'durable', name: 'one' }, {}],
    [false, { kind: 'durable', name: 'one' }, { name: 'other' }],
    [false, { kind: 'shared', name: 'one' }, { name: 'other' }],
    [true, { kind: 'shared', name: 'one' }, { capacity: 3 }],
    [false, { kind: 'fifo' }, { kind: 'lifo' }],
    [false, { joinable: true }, { joinable: false }],
    [false, { joinable: false }, { joinable: true }],
    [true, { joinable: true }, {}],
  ])('stays, %j, where it had found %j and finds %j [H13]', async (stays, welcome, other) => {
    const { store, told, put, lose } = await connected({ welcome })
    put([1])
    const again = await lose(other)
    if (stays) {
      await again.next('put')
      expect(store.capacity).toBe(other.capacity ?? 10)
    } else {
      expect(await again.closed()).toEqual([])
      await until(() => told.at(-1)?.[0] === 'broken')
      expect(told.at(-1)).toMatchObject(['broken', { code: 'ERR_QUEUE_CLOSED' }])
      await turns(2)
      expect(host.ends).toHaveLength(2)
    }
  })
})

describe('a client that wants items', () => {
  it('says how many, and again when it has taken half of them', async () => {
    const { end, store } = await connected()
    store.attend(ITEMS, () => 4)
    const want = { type: 'want', items: 4, seen: 0, room: false, rest: false }
    expect(await end.heard()).toEqual([want])
    end.say(itemsOf(1, ['a']))
    expect(await end.heard()).toEqual([])
    // It would take four, and one of them is here.
    store.take(1)
    expect(await end.heard()).toEqual([])
    end.say(itemsOf(2, ['b']))
    await end.heard()
    store.take(9)
    expect(await end.heard()).toEqual([{ ...want, seen: 2 }])
  })

  it('says so when it wants fewer, and gives back what came and nobody wants', async () => {
    const { end, store } = await connected()
    let demand = 4
    store.attend(ITEMS, () => demand)
    await end.heard()
    demand = 3
    end.say(itemsOf(1, ['a']))
    expect(await end.heard()).toEqual([{ type: 'want', items: 2, seen: 1, room: false, rest: false }])
    store.attend(wants(), () => demand)
    expect(await end.heard()).toEqual([
      { type: 'settle', acked: [], back: [[1, 0, 0]], handed: [] },
      { type: 'want', items: 0, seen: 1, room: false, rest: false },
    ])
    store.attend(ITEMS, () => 0)
    expect(await end.heard()).toEqual([])
    store.attend(ITEMS, () => 1)
    expect(wantsIn(await end.heard())).toHaveLength(1)
  })

  it('says so when somebody would have taken more', async () => {
    const { end, store } = await connected()
    let demand = 2
    store.attend(ITEMS, () => demand)
    await end.heard()
    demand = 10
    expect(store.take(10)).toEqual([])
    expect(await end.next('want')).toMatchObject({ items: 10 })
  })

  it('says what came of large items before it has taken half of all', async () => {
    const { end, store } = await connected()
    store.attend(ITEMS, () => 1000)
    await end.heard()
    const large = (first: number, bytes: number): Message => ({
      ...itemsOf(first, ['x']),
      parcel: new Uint8Array(bytes),
    })
    end.say(large(1, 128 * 1024 - 1))
    expect(await end.heard()).toEqual([])
    end.say(large(2, 1))
    expect(await end.heard()).toMatchObject([{ items: 998, seen: 2 }])
    end.say(large(3, 1))
    expect(await end.heard()).toEqual([])
  })

  it('says what else it waits for, whenever that changes', async () => {
    const { end, store } = await connected()
    const say = async (o: Partial<Wants>): Promise<unknown[]> => {
      store.attend(wants(o), () => 1)
      return (await end.heard()).map(({ items, room, rest }) => [items, room, rest])
    }
    expect(await say({ room: true })).toEqual([[0, true, false]])
    expect(await say({ room: true, rest: true })).toEqual([[0, true, true]])
    expect(await say({ rest: true })).toEqual([[0, false, true]])
    expect(await say({ rest: true })).toEqual([])
    expect(await say({ room: true })).toEqual([[0, true, false]])
    expect(await say({ room: true, items: true })).toEqual([[1, true, false]])
    expect(await say({ items: true })).toEqual([[1, false, false]])
    expect(await say({})).toEqual([[0, false, false]])
  })
})

describe('a client keeps its process alive [Q13.4]', () => {
  /** What holds a process: sockets here, and timers while there is no connection. */
  const holding = (): number =>
    process.getActiveResourcesInfo().filter(name => name === 'PipeWrap' || name === 'Timeout').length

  it('while somebody waits for it, and no longer', async () => {
    const { end, store, put } = await connected()
    const idle = holding()
    const seen: number[] = []
    const look = (): void => void seen.push(holding() - idle)
    for (const one of [{ items: true }, {}, { room: true }, {}, { rest: true }, {}]) {
      store.attend(wants(one), () => 1)
      look()
    }
    expect(seen).toEqual([1, 0, 1, 0, 1, 0])
    put([1])
    look()
    end.say({ type: 'stored', number: 1 })
    await end.heard()
    look()
    const asked = store.ask('stat')
    look()
    end.say({ type: 'answer', number: 1 })
    await asked
    look()
    expect(seen.slice(6)).toEqual([1, 0, 1, 0])
    store.attend(ITEMS, () => 1)
    const closing = store.close()
    look()
    await closing
    expect(seen.at(-1)).toBe(1)
  })

  it('likewise while there is no connection, and when there is one again', async () => {
    const { end, store, told } = await connected()
    /** What it makes, now, that somebody waits or does not. */
    const change = (one: Partial<Wants>): number => {
      const before = holding()
      store.attend(wants(one), () => 1)
      return holding() - before
    }
    const lost = async (last: HostEnd): Promise<void> => {
      const { length } = told
      last.socket.destroy()
      await until(() => told.length > length)
    }
    await lost(end)
    expect([change({ items: true }), change({})]).toEqual([1, -1])
    const again = await host.letIn()
    await again.heard()
    expect([change({ items: true }), change({}), change({ items: true })]).toEqual([1, -1, 1])
    await again.heard()
    await lost(again)
    expect([change({}), change({ items: true })]).toEqual([-1, 1])
    const last = await host.letIn()
    await last.heard()
    expect([change({}), change({ items: true })]).toEqual([-1, 1])
  })
})
