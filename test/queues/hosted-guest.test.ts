import { fifoQueue, type HostedQueue, hostQueue, type Queue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { Mailbox } from '#src/core/mailbox'
import { mailboxOf } from '#src/core/mailbox-of'
import { unpackParcel } from '#src/core/parcel-codec'
import { Queue as LateQueue } from '#src/core/queue'
import { QUESTIONS } from '#src/queues/socket/limits'
import { Place } from '../contract/late-store.js'
import { turns } from './help.js'
import { parcelOf, putOf, RawClient } from './raw-client.js'
import type { Message } from './raw-end.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: { close(): Promise<void> }[] = []
let path = ''

afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close()
})

async function host<T>(queue: Queue<T>): Promise<HostedQueue<T>> {
  path = newPath()
  const hosted = await hostQueue(queue, path, { token: 't' })
  opened.push(hosted)
  return hosted
}

async function client(): Promise<RawClient> {
  const raw = new RawClient(path, 't')
  opened.push({ close: () => raw.leave() })
  await raw.next('welcome')
  return raw
}

/** Says something that wants no answer, and answers what it was told for it. */
async function told(raw: RawClient): Promise<unknown[]> {
  raw.say({ type: 'pong' })
  await turns(4)
  // The standing of the answer itself is the last one.
  const heard = (await raw.ask('refresh')).slice(0, -2)
  return heard.map(({ ready, delayed, leased, full }) => [ready, delayed, leased, full])
}

describe('a host tells a client how full the queue is', () => {
  it('as of the last frame that it has read', async () => {
    await host(fifoQueue())
    const raw = new RawClient(path, 't')
    opened.push({ close: () => raw.leave() })
    const seen = (messages: readonly Message[]) => messages.find(({ type }) => type === 'standing')?.seen
    expect(seen(await raw.upTo('welcome'))).toBe(0)
    expect([seen(await raw.ask('refresh')), seen(await raw.ask('refresh'))]).toEqual([1, 2])
  })

  it('where it waits for rest, and anything has changed [Q10.1] [Q15.3]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 9 }))
    const raw = await client()
    raw.want(0, 0, { rest: true })
    expect(await raw.next('standing')).toMatchObject({ ready: 0, delayed: 0, leased: 0, full: false })
    expect(await told(raw)).toEqual([])
    await hosted.putBatch([1, 2, 3])
    expect((await told(raw)).at(-1)).toEqual([3, 0, 0, false])
    await hosted.put(4, { delay: 600_000 })
    expect((await told(raw)).at(-1)).toEqual([3, 1, 0, false])
    const held = await hosted.receive()
    expect((await told(raw)).at(-1)).toEqual([2, 1, 1, false])
    // By itself.
    await held.ack()
    expect(await raw.next('standing')).toMatchObject({ ready: 2, delayed: 1, leased: 0 })
    const other = await hosted.receive()
    await other.nack({ delay: 600_000 })
    expect(await raw.next('standing')).toMatchObject({ leased: 0 })
    expect(await told(raw)).toEqual([])
    raw.want(0)
    await raw.ask('refresh')
    await hosted.put(5)
    expect(await told(raw)).toEqual([])
  })

  it('where it waits for room, and there is more [Q12.3]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 3 }))
    const raw = await client()
    await hosted.putBatch([1, 2])
    await hosted.put(3, { delay: 600_000 })
    raw.want(0, 0, { room: true })
    expect(await raw.next('standing')).toMatchObject({ ready: 2, delayed: 1, leased: 0, full: true })
    await hosted.get()
    expect(await raw.next('standing')).toMatchObject({ ready: 1, full: false })
    // No more room, then more, and then less.
    const held = await hosted.receive()
    expect(await told(raw)).toEqual([])
    await held.ack()
    expect(await raw.next('standing')).toMatchObject({ ready: 0, delayed: 1, leased: 0 })
    await hosted.put(4, { delay: 600_000 })
    expect(await told(raw)).toEqual([])
  })

  it('where its store says by itself that it is full [Q3.3]', async () => {
    let full = true
    const store = Object.defineProperty(new Place<number>(9).open(), 'full', { get: () => full })
    const queue = new LateQueue(new Mailbox<number>(store, { name: 'late', maxAttempts: 16 }), false)
    await host(queue)
    const raw = await client()
    raw.want(0, 0, { rest: true })
    expect(await raw.next('standing')).toMatchObject({ ready: 0, full: true })
    full = false
    expect(await told(raw)).toEqual([[0, 0, 0, false]])
    expect(store.wants.rest).toBe(true)
    raw.want(1)
    await raw.ask('refresh')
    expect(store.wants).toEqual({ items: true, room: false, rest: false })
  })

  it('where it waits for room, and only when the store has room again [Q3.3]', async () => {
    let full = true
    const place = new Place<number>(9)
    const store = Object.defineProperty(place.open(), 'full', { get: () => full })
    const queue = new LateQueue(new Mailbox<number>(store, { name: 'late', maxAttempts: 16 }), false)
    const hosted = await host(queue)
    await hosted.putBatch([1, 2])
    const raw = await client()
    raw.want(0, 0, { room: true })
    expect(await raw.next('standing')).toMatchObject({ ready: 2, full: true })
    await hosted.get()
    expect(await told(raw)).toEqual([])
    full = false
    expect(await told(raw)).toEqual([[1, 0, 0, false]])
  })

  it('counting as nobody’s what rests there [Q11.3]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 2 }))
    await hosted.put(1)
    const raw = await client()
    raw.want(1)
    await raw.next('items')
    raw.want(0, 1)
    // So often that it rests for a second.
    raw.say({ type: 'settle', acked: [], back: [[1, 12, 0]], handed: [] })
    await raw.ask('refresh')
    await (await hosted.receive()).nack()
    const standing = (await raw.ask('refresh')).at(-2)
    expect(standing).toMatchObject({ ready: 1, delayed: 0, leased: 0, full: false })
    await hosted.put(2)
    expect((await raw.ask('refresh')).at(-2)).toMatchObject({ ready: 2, leased: 0, full: true })
  })

  it('and otherwise not, but with what else it is told', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 3 }))
    await hosted.put(1)
    const raw = await client()
    await hosted.get()
    expect(await told(raw)).toEqual([])
    raw.say(putOf(1, 1))
    expect((await raw.upTo('stored')).map(({ type }) => type)).toEqual(['standing', 'stored'])
  })

  it('when anybody shuts it down or reopens it, and as soon as they ask to [Q10.4]', async () => {
    const hosted = await host(fifoQueue<number>())
    const [raw, other] = [await client(), await client()]
    await other.ask('shutdown')
    await other.ask('shutdown')
    expect(hosted.closed).toBe(true)
    expect(await raw.next('standing')).toMatchObject({ shut: true })
    expect(await told(raw)).toEqual([])
    await other.ask('reopen')
    expect(await raw.next('standing')).toMatchObject({ shut: false })
    expect(hosted.closed).toBe(false)
  })
})

describe('a host answers', () => {
  it('so many questions at once, and whoever asks more is cut off [H4]', async () => {
    await host(fifoQueue())
    const raw = await client()
    const asks = (count: number) =>
      Array.from({ length: count }, (_, number) => ({ type: 'ask', number, what: 'stat' }))
    for (let time = 0; time < 2; time++) {
      raw.say(...asks(QUESTIONS))
      for (let count = 0; count < QUESTIONS; count++) await raw.next('answer')
    }
    raw.say(...asks(QUESTIONS + 1))
    expect((await raw.closed()).filter(({ type }) => type === 'answer')).toEqual([])
  })

  it('after what the client wanted before', async () => {
    const hosted = await host(fifoQueue<number>())
    await hosted.put(1)
    const raw = await client()
    raw.say({ type: 'want', items: 1, seen: 0, room: false, rest: false }, { type: 'ask', number: 1, what: 'refresh' })
    expect((await raw.upTo('answer')).map(({ type }) => type)).toEqual(['standing', 'items', 'answer'])
  })

  it('what was left, in parts, when it is cleared, and nothing else of it [Q10.8]', async () => {
    const hosted = await host(fifoQueue<number>())
    const all = Array.from({ length: 512 }, (_, n) => n)
    await hosted.putBatch(all)
    const raw = await client()
    const heard = await raw.ask('clear')
    const parts = heard.filter(({ type }) => type === 'part')
    expect(parts.map(({ number }) => number)).toEqual([1, 1])
    const values = parts.map(({ parcel }) => unpackParcel(parcel as Uint8Array).map(({ value }) => value))
    expect([values.flat(), values[0]?.length]).toEqual([all, 256])
    expect([hosted.size, hosted.closed]).toEqual([0, true])
    expect(mailboxOf(hosted).discarding).toBe(true)
  })

  it('with what is there, when it is reopened [Q10.11]', async () => {
    const hosted = await host(fifoQueue<number>())
    await hosted.putBatch([1, 2])
    const raw = await client()
    await raw.ask('shutdown')
    expect((await raw.ask('reopen')).at(-1)).toEqual({ type: 'answer', number: 2, value: undefined })
    expect([hosted.size, hosted.closed]).toEqual([2, false])
  })

  it('with its error where it cannot, and buries what is a letter [Q8.10]', async () => {
    const dead = fifoQueue<number>()
    await host(fifoQueue<number>())
    const without = await client()
    const refused = { error: { code: 'ERR_PROTOCOL' } }
    expect((await without.ask('bury', { parcel: parcelOf(1) })).at(-1)).toMatchObject(refused)
    await host(fifoQueue<number>({ deadLetter: dead }))
    const raw = await client()
    for (const wrong of [{}, { parcel: parcelOf() }]) {
      expect((await raw.ask('bury', wrong)).at(-1)).toMatchObject(refused)
    }
    expect((await raw.ask('bury', { parcel: Uint8Array.of(1) })).at(-1)).toMatchObject({ error: { code: 'ERR_CODEC' } })
    expect((await raw.ask('bury', { parcel: parcelOf(7) })).at(-1)).not.toHaveProperty('error')
    expect([dead.size, await dead.get()]).toEqual([1, 7])
  })
})
