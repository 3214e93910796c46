import { fifoQueue, type HostedQueue, type HostOptions, hostQueue, type Queue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { FRAME_ROOM } from '#src/core/frames'
import { Mailbox } from '#src/core/mailbox'
import { mailboxOf } from '#src/core/mailbox-of'
import { unpackParcel } from '#src/core/parcel-codec'
import { Queue as LateQueue } from '#src/core/queue'
import { Place } from '../contract/late-store.js'
import { turns, until } from './help.js'
import { parcelOf, RawClient } from './raw-client.js'
import type { Message } from './raw-end.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: { close(): Promise<void> }[] = []
let path = ''

afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close()
})

async function host<T>(queue: Queue<T>, o: HostOptions = {}): Promise<HostedQueue<T>> {
  path = newPath()
  const hosted = await hostQueue(queue, path, { ...o, token: 't' })
  opened.push(hosted)
  return hosted
}

const client = (): RawClient => new RawClient(path, 't')

/** What bytes of one item take as a parcel, without the item. */
const AROUND = parcelOf(Buffer.alloc(100_000)).length - 100_000
/** An item that makes a parcel of so many bytes. */
const itemOf = (bytes: number): Buffer => Buffer.alloc(bytes - AROUND)

const itemsIn = (messages: readonly Message[]) => messages.filter(({ type }) => type === 'items')
const entriesIn = (messages: readonly Message[]) =>
  itemsIn(messages).flatMap(({ parcel }) => unpackParcel(parcel as Uint8Array))
const countsIn = (messages: readonly Message[]) => itemsIn(messages).map(({ seqs }) => (seqs as unknown[]).length)

/** How many items are in each of the next parcels. */
async function comes(raw: RawClient, parcels: number): Promise<number[]> {
  const counts: number[] = []
  while (counts.length < parcels) counts.push(...countsIn([await raw.next('items')]))
  return counts
}

describe('a host that sends items', () => {
  it('has no more of them on their way than a client can be expected to take in [H4]', async () => {
    const hosted = await host(fifoQueue<Buffer>())
    await hosted.putBatch(Array.from({ length: 12 }, () => itemOf(1 << 18)))
    const raw = client()
    // It sees how large they are.
    raw.want(1)
    expect(await comes(raw, 1)).toEqual([1])
    raw.want(1000)
    expect(await comes(raw, 3)).toEqual([1, 1, 1])
    await turns(5)
    expect(itemsIn(await raw.ask('refresh'))).toEqual([])
    // What is put now, another may have.
    await hosted.put(itemOf(1 << 18))
    expect(hosted.size).toBe(1)
    await hosted.get()
    // It has three of them.
    raw.want(1000, 3)
    expect(await comes(raw, 3)).toEqual([1, 1, 1])
    expect(itemsIn(await raw.ask('refresh'))).toEqual([])
    // It goes on at once, although there is nothing more to lease.
    raw.want(5, 7)
    expect(await comes(raw, 4)).toEqual([1, 1, 1, 1])
    raw.want(1, 11)
    expect(await raw.next('items')).toMatchObject({ first: 12 })
    await raw.leave()
  })

  it('leases nothing more for a client that does not read [H4]', async () => {
    const hosted = await host(fifoQueue<Buffer>())
    const batch = Array.from({ length: 20 }, () => Buffer.alloc(1 << 16))
    await hosted.putBatch(batch)
    const raw = client()
    raw.want(1)
    await raw.next('items')
    raw.socket.pause()
    raw.want(1000, 1)
    await until(() => hosted.size === 0)
    await turns(5)
    await hosted.putBatch(batch)
    expect(hosted.size).toBe(20)
    raw.socket.resume()
    await raw.leave()
    await until(() => hosted.size === 40)
  })

  it('serves others what a client that does not keep up has no room for [H4] [Q2.2]', async () => {
    const queue = fifoQueue<Buffer>()
    const hosted = await host(queue)
    await hosted.putBatch(Array.from({ length: 4 }, () => itemOf(1 << 18)))
    const [slow, other] = [client(), client()]
    slow.want(1)
    await comes(slow, 1)
    slow.want(1000)
    await comes(slow, 3)
    other.want(1)
    await other.ask('refresh')
    await hosted.putBatch([itemOf(100), itemOf(200)])
    expect(await comes(other, 1)).toEqual([1])
    expect(await hosted.get({ timeout: 0 })).toHaveLength(200 - AROUND)
    const waiting = hosted.get()
    // In one step, past the store.
    queue.putNowait(itemOf(300))
    await queue.put(itemOf(400))
    await waiting
    expect(hosted.size).toBe(1)
    expect((await slow.ask('stat')).filter(({ type }) => type === 'items')).toEqual([])
    for (const raw of [slow, other]) await raw.leave()
  })

  it('counts a client among the readers only while it wants something', async () => {
    const hosted = await host(fifoQueue<number>())
    const raw = client()
    await raw.ask('refresh')
    const idle = await hosted.stat()
    raw.want(1)
    await raw.ask('refresh')
    const reading = await hosted.stat()
    expect([idle.readers, reading.readers, reading.wanting]).toEqual([0, 1, 1])
    await raw.leave()
  })

  it('goes on when the queue was shut down, drained, and reopened [Q10.11]', async () => {
    const hosted = await host(fifoQueue<number>())
    const raw = client()
    raw.want(2)
    await raw.ask('refresh')
    await raw.ask('shutdown')
    raw.want(2)
    await raw.ask('refresh')
    await raw.ask('reopen')
    await raw.ask('refresh')
    await hosted.put(1)
    expect(await raw.next('items')).toMatchObject({ first: 1 })
    await hosted.shutdown()
    raw.say({ type: 'settle', acked: [1], back: [], handed: [] })
    await raw.ask('refresh')
    await hosted.reopen()
    await raw.ask('refresh')
    await hosted.put(2)
    expect(await raw.next('items')).toMatchObject({ first: 2 })
    await raw.leave()
  })

  it('gives back what it has not sent when a client wants less', async () => {
    const hosted = await host(fifoQueue<Buffer>())
    await hosted.putBatch(Array.from({ length: 12 }, () => itemOf(1 << 18)))
    const raw = client()
    raw.want(1)
    await raw.next('items')
    raw.want(12)
    expect((await raw.ask('stat')).at(-1)).toMatchObject({ value: { size: 0, leased: 12 } })
    raw.want(3, 2)
    expect((await raw.ask('stat')).at(-1)).toMatchObject({ value: { size: 7, leased: 5 } })
    raw.want(0, 2)
    expect((await raw.ask('stat')).at(-1)).toMatchObject({ value: { size: 7, leased: 5 } })
    await raw.leave()
  })

  it('sends few large parcels of small items, and none of more than 1,024 [Q3.2]', async () => {
    const queue = fifoQueue<number>()
    await host(queue)
    const all = Array.from({ length: 4000 }, (_, n) => n)
    mailboxOf(queue).store.offer(all.map(n => new Entry(n, 5000)))
    const raw = client()
    raw.want(4000)
    const heard = await raw.ask('refresh')
    const counts = countsIn(heard)
    expect(entriesIn(heard).map(({ value }) => value)).toEqual(all)
    expect(Math.max(...counts)).toBe(1024)
    expect(counts.length).toBeLessThan(10)
    await raw.leave()
  })

  it('fills parcels up to 64 KiB, as far as it can guess the size of what comes next', async () => {
    const hosted = await host(fifoQueue<Buffer>())
    const sizes = [...Array(40).fill(2000), 30_000, ...Array(300).fill(10)]
    await hosted.putBatch(sizes.map(size => Buffer.alloc(size)))
    const raw = client()
    raw.want(2)
    await raw.next('items')
    raw.want(1000, 2)
    const heard = await raw.ask('refresh')
    const parcels = itemsIn(heard).map(({ parcel }) => (parcel as Uint8Array).length)
    expect(countsIn(heard).reduce((sum, count) => sum + count, 0)).toBe(339)
    expect(Math.max(...parcels)).toBeLessThan(64 * 1024 + 30_000)
    expect(countsIn(heard)[0]).toBeGreaterThan(20)
    expect(parcels.length).toBeLessThan(30)
    await raw.leave()
  })

  it('tells of each item when it was put', async () => {
    const queue = fifoQueue<number>()
    const hosted = await host(queue)
    const times = [5000, 5000, 6000, 5000]
    for (const [n, time] of times.entries()) mailboxOf(queue).store.offer([new Entry(n, time)])
    const raw = client()
    raw.want(4)
    const heard = await raw.ask('refresh')
    expect(entriesIn(heard).map(({ enqueuedAt }) => enqueuedAt)).toEqual(times)
    expect(hosted.size).toBe(0)
    await raw.leave()
  })

  it('tells how often each was handed over, where any was [Q6.4]', async () => {
    const hosted = await host(fifoQueue<number>())
    await hosted.putBatch([1, 2, 3])
    const raw = client()
    raw.want(3)
    const back = [
      [1, 0, 0],
      [2, 4, 0],
      [3, 0, 0],
    ]
    expect(await raw.next('items')).toMatchObject({ attempts: 0 })
    raw.say({ type: 'settle', acked: [], back, handed: [] })
    raw.want(3, 3)
    expect(await raw.next('items')).toMatchObject({ attempts: [0, 4, 0] })
    await raw.leave()
  })

  it('gives items back for as long as the client says [Q8.3]', async () => {
    const hosted = await host(fifoQueue<number>())
    await hosted.putBatch([1, 2])
    const raw = client()
    raw.want(2)
    await raw.next('items')
    const back = [
      [1, 1, 600_000],
      [2, 1, 0],
    ]
    raw.say({ type: 'settle', acked: [], back, handed: [] })
    const { store } = mailboxOf(hosted)
    await until(() => store.leased === 0)
    expect([store.ready, store.delayed]).toEqual([1, 1])
    const left = store.nextDue - Date.now()
    expect(left).toBeGreaterThan(300_000)
    expect(left).toBeLessThanOrEqual(600_000)
    await raw.leave()
    // Nothing was settled twice.
    await until(() => hosted.connections === 0)
    expect(hosted.metrics().lateSettles).toBe(0)
  })

  it('sends what just fits a frame, and says of what does not that it stays [H10]', async () => {
    const frameLimit = FRAME_ROOM + 100_000
    const hosted = await host(fifoQueue<unknown>(), { frameLimit })
    await hosted.putBatch(['before', itemOf(100_001), 'behind', itemOf(100_000)])
    const raw = client()
    raw.want(4)
    const heard = await raw.upTo('undeliverable')
    expect(heard.at(-1)).toMatchObject({ error: { code: 'ERR_ITEM_TOO_LARGE' } })
    const all = [...heard, ...(await raw.ask('refresh'))]
    expect(entriesIn(all)).toHaveLength(3)
    await raw.leave()
    await until(() => hosted.connections === 0 && mailboxOf(hosted).rests.length === 0)
    const attempts: number[] = []
    while (attempts.length < 4) attempts.push((await hosted.receive()).attempt)
    expect(attempts.map(attempt => attempt > 1)).toEqual([false, true, false, false])
  })

  it('sends one by one what fits no frame together, and no more of it than can be on its way [H4] [H10]', async () => {
    const hosted = await host(fifoQueue<Buffer>(), { frameLimit: FRAME_ROOM + 200_000 })
    await hosted.putBatch(Array.from({ length: 60 }, () => itemOf(1 << 17)))
    const raw = client()
    raw.want(60)
    expect(await comes(raw, 8)).toEqual(Array(8).fill(1))
    expect(itemsIn(await raw.ask('refresh'))).toEqual([])
    raw.want(60, 8)
    expect(await comes(raw, 8)).toEqual(Array(8).fill(1))
    expect(itemsIn(await raw.ask('refresh'))).toEqual([])
    await raw.leave()
    await until(() => hosted.size === 60)
  })

  it('sends all that is behind, and many small items together again [H10]', async () => {
    const queue = fifoQueue<unknown>()
    const hosted = await host(queue, { frameLimit: FRAME_ROOM + 200_000 })
    const entries = [5000, 5000, 5000, 6000, 6000].map(time => new Entry<unknown>(itemOf(1 << 17), time))
    mailboxOf(queue).store.offer(entries)
    const raw = client()
    raw.want(5)
    expect(await comes(raw, 5)).toEqual([1, 1, 1, 1, 1])
    raw.want(200, 5)
    await hosted.putBatch(Array(200).fill('small'))
    let [sum, parcels] = [0, 0]
    for (; sum < 200; parcels++) sum += (await comes(raw, 1))[0] as number
    expect(parcels).toBeLessThan(50)
    await raw.leave()
  })

  it('moves what no frame can hold to the dead letters, and says nothing to the client [H10] [Q8.10]', async () => {
    const deadLetter = fifoQueue<Buffer>()
    const hosted = await host(fifoQueue<Buffer>({ deadLetter, name: 'large' }), { frameLimit: 2 * FRAME_ROOM })
    await hosted.put(Buffer.alloc(2 * FRAME_ROOM))
    const raw = client()
    raw.want(1)
    const letter = await deadLetter.receive()
    const { 'x-attempts': attempts, 'x-reason': reason } = letter.headers
    expect([attempts, reason?.startsWith('ItemTooLargeError: ')]).toEqual(['1', true])
    await until(() => hosted.metrics().deadLettered === 1)
    const types = (await raw.ask('stat')).map(({ type }) => type)
    expect(types).not.toContain('undeliverable')
    await raw.leave()
  })

  it('ends its clients where the store of its queue breaks [H11]', async () => {
    const store = new Place<number>(4).open()
    await host(new LateQueue(new Mailbox(store, { name: 'late', maxAttempts: 16 }), false))
    const raw = client()
    raw.want(1)
    await raw.ask('refresh')
    store.break(new Error('broken'))
    expect(await raw.next('bye')).toMatchObject({ retry: false, error: { code: 'ERR_QUEUE_CLOSED' } })
    await raw.closed()
  })
})
