import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectQueue, fifoQueue, type HostedQueue, type HostOptions, hostQueue, type Queue } from 'queuelink'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { FRAME_ROOM } from '#src/core/frames'
import { Mailbox } from '#src/core/mailbox'
import { mailboxOf } from '#src/core/mailbox-of'
import { Queue as LateQueue } from '#src/core/queue'
import { TOKEN_LIMIT } from '#src/queues/socket/hello'
import { Host } from '#src/queues/socket/host'
import { Place } from '../contract/late-store.js'
import { codeOf, turns, until } from './help.js'
import { putOf, RawClient } from './raw-client.js'
import { RawEnd } from './raw-end.js'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-host-'))
const opened: { close(): Promise<void> }[] = []
const now = Date.now
let made = 0
let path = ''

afterEach(async () => {
  Date.now = now
  for (const queue of opened.splice(0).reverse()) await queue.close()
})

afterAll(() => rmSync(directory, { recursive: true }))

async function host<T>(queue: Queue<T>, o: HostOptions = {}): Promise<HostedQueue<T>> {
  path = join(directory, `${++made}.sock`)
  const hosted = await hostQueue(queue, path, { token: 't', ...o })
  opened.push(hosted)
  return hosted
}

/** Looks after its clients every 100 ms. */
const QUICK = { deadline: 800 }
const client = (id?: Buffer<ArrayBuffer>): RawClient => new RawClient(path, 't', id)
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('the door of a host', () => {
  it('lets nobody in who says a wrong token, or speaks another version [H3]', async () => {
    const hosted = await host(fifoQueue())
    const [wrong, other] = [new RawClient(path, 'T'), new RawClient(path, 't', randomBytes(16), 2)]
    expect(await wrong.upTo('bye')).toMatchObject([{ type: 'bye', retry: false, error: { code: 'ERR_TOKEN' } }])
    expect(await other.upTo('bye')).toMatchObject([{ type: 'bye', retry: false, error: { code: 'ERR_VERSION' } }])
    expect([await wrong.closed(), await other.closed(), hosted.connections]).toEqual([[], [], 0])
  })

  it('ends what does not begin with a hello [H3]', async () => {
    await host(fifoQueue())
    const raw = new RawEnd(connect(path))
    raw.frame(Buffer.from('QLNK'))
    expect(await raw.closed()).toEqual([])
  })

  it('lets in so many at a time, and the next when one has gone [H4]', async () => {
    const hosted = await host(fifoQueue(), { connections: 2 })
    const [one, other] = [client(), client()]
    await Promise.all([one.next('welcome'), other.next('welcome')])
    expect(hosted.connections).toBe(2)
    expect(await client().next('bye')).toMatchObject({ retry: true, error: { code: 'ERR_HOST_FULL' } })
    await one.leave()
    await until(() => hosted.connections === 1)
    const third = client()
    await third.next('welcome')
    for (const raw of [other, third]) await raw.leave()
  })

  it('keeps out who comes without a word, the one that has been silent longest first [H4]', async () => {
    const hosted = await host(fifoQueue(), { connections: 2 })
    const known = client()
    await known.next('welcome')
    const strangers = [0, 1, 2].map(() => new RawEnd(connect(path)))
    expect(await strangers[0]?.closed()).toEqual([])
    await known.ask('refresh')
    expect([strangers[1]?.socket.closed, strangers[2]?.socket.closed, hosted.connections]).toEqual([false, false, 1])
    await known.leave()
  })

  it('lets go of the old connection of a client that comes back [H6]', async () => {
    const hosted = await host(fifoQueue())
    const id = randomBytes(16)
    const [old, other] = [client(id), client()]
    await Promise.all([old.next('welcome'), other.next('welcome')])
    const again = client(id)
    await again.next('welcome')
    await old.closed()
    expect(hosted.connections).toBe(2)
    again.say({ ...putOf(1), parcel: Uint8Array.of(1) }, putOf(2, 2))
    expect(await again.next('failed')).toMatchObject({ number: 1 })
    expect(await again.next('stored')).toMatchObject({ number: 2 })
    await other.ask('refresh')
    for (const raw of [again, other]) await raw.leave()
  })

  it('says what the queue is', async () => {
    const store = Object.assign(new Place<number>(3, 500).open(), { priorities: true, keys: true })
    const plain = new Place<number>(4).open()
    const queueOf = (store: never, deadLetter?: Queue<number>): Queue<number> =>
      new LateQueue(
        new Mailbox<number>(store, { name: 'late', maxAttempts: 5, ...(deadLetter && { deadLetter }) }),
        false,
      )
    await host(queueOf(store as never, fifoQueue<number>()))
    const told = { name: 'late', kind: 'late', joinable: false, maxAttempts: 5, stored: 0 }
    const first = await client().next('welcome')
    expect(first).toMatchObject({
      ...told,
      capacity: 3,
      byteCapacity: 500,
      deadLetter: true,
      priorities: true,
      keys: true,
    })
    await host(queueOf(plain as never))
    const second = await client().next('welcome')
    expect(second).toMatchObject({ ...told, capacity: 4, deadLetter: false, priorities: false, keys: false })
  })
})

describe('a host', () => {
  it('cuts off who says nothing for its deadline, and keeps who answers [H4]', async () => {
    const hosted = await host(fifoQueue(), { deadline: 1200 })
    const [silent, alive] = [client(), client()]
    let pings = 0
    const answering = (async () => {
      for (; pings < 4; pings++) {
        await alive.next('ping')
        alive.say({ type: 'pong' })
      }
    })()
    await silent.closed()
    await answering
    await until(() => hosted.connections === 1)
    expect(pings).toBe(4)
    await alive.leave()
  })

  it('cuts off who does not end a frame [H4]', async () => {
    await host(fifoQueue(), QUICK)
    const raw = client()
    await raw.next('welcome')
    const answering = setInterval(() => raw.socket.write(Buffer.of(0)), 5)
    raw.socket.write(Buffer.of(0, 0, 200, 0))
    await raw.closed()
    clearInterval(answering)
  })

  it('asks nobody for a sign of life who has not come in, and none more often than needed', async () => {
    await host(fifoQueue(), { deadline: 1200 })
    const raw = new RawEnd(connect(path))
    await sleep(400)
    raw.frame(Buffer.concat([Buffer.from('QLNK\x01'), randomBytes(16), Buffer.from('t')]))
    expect((await raw.upTo('welcome')).map(({ type }) => type)).toEqual(['standing', 'welcome'])
    await host(fifoQueue())
    const calm = client()
    await calm.next('welcome')
    await sleep(40)
    expect((await calm.ask('refresh')).map(({ type }) => type)).toEqual(['standing', 'answer'])
    for (const end of [raw, calm]) await end.leave()
  })

  it('tells who waits for nothing that the queue was shut down, by whomever [Q10.4]', async () => {
    const hosted = await host(fifoQueue<number>(), QUICK)
    const raw = client()
    await raw.next('welcome')
    const keeping = setInterval(() => raw.say({ type: 'pong' }), 50)
    await hosted.shutdown()
    expect(await raw.next('standing')).toMatchObject({ shut: true })
    await hosted.reopen()
    while ((await raw.next('standing')).shut) await turns(1)
    clearInterval(keeping)
    await raw.leave()
  })

  it('ends all its clients when the queue itself is closed, those too that take nothing [H11]', async () => {
    const queue = fifoQueue<number>()
    await host(queue, QUICK)
    const raw = client()
    await raw.next('welcome')
    await queue.close()
    expect(await raw.next('bye')).toMatchObject({ retry: false, error: { code: 'ERR_QUEUE_CLOSED' } })
    await raw.closed()
  })

  it('remembers the puts of a client that is away for ten minutes [H6]', async () => {
    const hosted = await host(fifoQueue<number>(), QUICK)
    const id = randomBytes(16)
    const came = async (): Promise<unknown> => {
      const raw = client(id)
      const { stored } = await raw.next('welcome')
      if (stored === 0) {
        raw.say(putOf(1, 1))
        await raw.next('stored')
      }
      await raw.leave()
      await until(() => hosted.connections === 0)
      return stored
    }
    /** Somebody that the host gives up for it: it has looked after all of them. */
    const later = async (ms: number): Promise<void> => {
      const other = client()
      await other.next('welcome')
      Date.now = () => now() + ms
      await other.closed()
      await until(() => hosted.connections === 0)
      Date.now = now
    }
    expect(await came()).toBe(0)
    await later(590_000)
    expect(await came()).toBe(1)
    await later(601_000)
    expect(await came()).toBe(0)
    expect(hosted.size).toBe(2)
  })

  it('remembers the puts of so many clients that are away [H6]', async () => {
    const queue = fifoQueue<number>()
    const host = new Host({
      queue,
      mailbox: mailboxOf(queue),
      joinable: false,
      token: 't',
      address: { kind: 'unix', path: join(directory, 'many.sock') },
      limits: { connections: 1, frameLimit: 1 << 20, deadline: 40 },
      tls: undefined,
      onEnded() {},
    })
    await host.listen()
    opened.push({ close: () => host.close(new Error('done')) })
    const sessions = Array.from({ length: 10_001 }, (_, n) => host.session(String(n)))
    for (const session of sessions) session.leftAt = Date.now()
    const busy = sessions[0]
    if (busy) busy.reports = { stored() {}, failed() {} }
    await until(() => host.session('1') !== sessions[1])
    expect([host.session('0') === busy, host.session('2') === sessions[2]]).toEqual([true, true])
  })

  it('says why it cannot listen [H2] [Q16.2]', async () => {
    const hosted = await hostQueue(fifoQueue(), 'tcp:0', { token: 't' })
    opened.push(hosted)
    const causeOf = (address: string) => hostQueue(fifoQueue(), address).catch(({ code, cause }) => [code, cause.code])
    expect(await causeOf(hosted.address)).toEqual(['ERR_QUEUE_EXISTS', 'EADDRINUSE'])
    expect(await causeOf('tcp:192.0.2.1:1')).toEqual(['ERR_ADDRESS', 'EADDRNOTAVAIL'])
  })

  it('tells all the numbers that its queue tells', async () => {
    const mailbox = new Mailbox<number>(new Place<number>(9).open(), { name: 'late', maxAttempts: 16 })
    const origin = { descriptor: () => ({ kind: 'late' }), unlink: async () => {}, stat: async () => ({ bytes: 7 }) }
    const hosted = await host(new LateQueue(mailbox, false, origin as never))
    expect(await hosted.stat()).toMatchObject({ bytes: 7, capacity: 9 })
    expect(hosted.descriptor()).toEqual({ kind: 'hosted', address: hosted.address, token: 't' })
  })

  it('answers for its queue, and takes it away with itself', async () => {
    const calls: string[] = []
    const queue = fifoQueue<number>()
    const unlink = queue.unlink.bind(queue)
    const hosted = await host(
      Object.assign(queue, {
        unlink() {
          calls.push('unlink')
          return unlink()
        },
      }),
    )
    await hosted.put(1)
    expect([(await hosted.stat()).size, hosted.connections]).toEqual([1, 0])
    const far = await connectQueue(hosted.address, { token: 't' })
    opened.push(far)
    expect(hosted.connections).toBe(1)
    const waiting = codeOf(far.consume(() => {}))
    await hosted.unlink()
    expect([calls, await waiting]).toEqual([['unlink'], 'ERR_QUEUE_CLOSED'])
    expect(await codeOf(connectQueue(hosted.address, { token: 't' }))).toBe('ERR_QUEUE_NOT_FOUND')
  })

  it.each<[string, unknown, HostOptions]>([
    ['queue', {}, {}],
    ['token', fifoQueue(), { token: 7 as never }],
    ['token', fifoQueue(), { token: 'x'.repeat(TOKEN_LIMIT + 1) }],
    ['frameLimit', fifoQueue(), { frameLimit: 2 * FRAME_ROOM - 1 }],
    ['frameLimit', fifoQueue(), { frameLimit: 2 ** 32 }],
  ])('refuses what cannot be its %s [Q16.5]', async (name, queue, o) => {
    const error = await hostQueue(queue as never, join(directory, 'never.sock'), o).catch(error => error)
    expect([error.code, error.message.startsWith(`${name} `)]).toEqual(['ERR_OPTION', true])
    if (name === 'frameLimit') expect(error.message).toContain(String(2 * FRAME_ROOM))
  })

  it('takes a token, and frames, of just the size that it may have', async () => {
    const token = 'x'.repeat(TOKEN_LIMIT)
    await host(fifoQueue(), { token, frameLimit: 2 * FRAME_ROOM })
    const raw = new RawClient(path, token)
    expect(await raw.next('welcome')).toMatchObject({ frameLimit: 2 * FRAME_ROOM })
    await raw.leave()
  })
})
