import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Packr } from 'msgpackr'
import { connectQueue, fifoQueue, hostQueue, type Queue } from 'queuelink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { type Message, Wire } from '#src/core/wire'
import { packHello } from '#src/queues/socket/hello'

// Clients that know the token and say what no client says. Hosts are processes of their own: one that spins or dies is seen so.

const HOST = fileURLToPath(new URL('../fixtures/hosted-host.js', import.meta.url))
const TOKEN = 'a token'
const ends: (() => unknown)[] = []
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'queuelink-hostile-'))
})

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(directory, { recursive: true })
})

const address = () => join(directory, 'q.sock')

async function hostOf(kind: 'memory' | 'durable'): Promise<ChildProcess> {
  const child = fork(HOST, [kind, join(directory, 'queue'), address(), TOKEN])
  ends.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit')
  })
  await once(child, 'message')
  return child
}

interface Stranger {
  readonly socket: Socket
  /** Says this, frame by frame. */
  say(...messages: object[]): void
  heard(type: string): Promise<Record<string, unknown>>
}

/** A client of our own making that was let in. */
async function stranger(): Promise<Stranger> {
  const socket = connect(address())
  const came: Message[] = []
  const news = new EventTarget()
  const wire = new Wire<Message, Message>(socket, {
    messages(messages) {
      came.push(...messages)
      news.dispatchEvent(new Event('news'))
    },
    closed: () => came.push({ type: 'closed' }) && news.dispatchEvent(new Event('news')),
  })
  ends.push(() => socket.destroy())
  socket.once('connect', () => wire.write(packHello(randomBytes(16).toString('hex'), TOKEN)))
  const heard = async (type: string) => {
    for (;;) {
      const found = came.find(message => message.type === type)
      if (found) return found as unknown as Record<string, unknown>
      await once(news as never, 'news')
    }
  }
  await heard('welcome')
  return { socket, heard, say: (...messages) => wire.write(encode(messages)) }
}

/** An honest client is served: it puts an item and finds it, behind what is there. */
async function serves(): Promise<boolean> {
  const queue: Queue<unknown> = await connectQueue(address(), { token: TOKEN })
  ends.push(() => queue.close())
  await queue.put('honest')
  return (await queue.get()) === 'honest'
}

const put = (number: number, parcel: Uint8Array, o = {}) => ({
  type: 'put',
  number,
  parcel,
  priority: 0,
  delay: 0,
  ...o,
})

/** So many lists of which each holds the next one twice. */
function doubling(levels: number): Buffer {
  const packr = new Packr({ structuredClone: true, moreTypes: true })
  let value: unknown = 'x'
  for (let level = 0; level < levels; level++) value = [value, value]
  return packr.pack(value)
}

function lengthOf(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return head
}

/** `[0, null, item]`, as it travels. */
const parcelOf = (item: Uint8Array) => Buffer.concat([Buffer.of(0x93, 0, 0xc0), item])

describe('a host whose client', () => {
  it('still wants items of a queue that has ended serves the others, and goes on when it is reopened [H4]', async () => {
    await hostOf('memory')
    const [one, other] = [await stranger(), await connectQueue<string>(address(), { token: TOKEN })]
    ends.push(() => other.close())
    await other.shutdown()
    one.say({ type: 'want', items: 1, seen: 0, room: false, rest: false })
    expect((await other.stat()).shutDown).toBe(true)
    await other.reopen()
    await other.put('again')
    expect((await one.heard('items')).first).toBe(1)
  })

  it('puts what is no item refuses each such put, and serves the others [H4]', async () => {
    await hostOf('durable')
    const parcels = {
      'small only by references': parcelOf(doubling(40)),
      'lists within lists': parcelOf(Buffer.alloc(1_000_000, 0x91)),
      nothing: encode([0, null]),
      'a time that is none': encode(['soon', null, 'x']),
      'a key that is none': encode([0, [[0, {}, { a: 1 }]], 'x']),
      'headers that are none': encode([0, [[0, { a: 1 }, undefined]], 'x']),
    }
    for (const [what, parcel] of Object.entries(parcels)) {
      const bad = await stranger()
      bad.say(put(1, parcel))
      expect((await bad.heard('failed')).error, what).toMatchObject({ code: 'ERR_CODEC' })
    }
    expect(await serves()).toBe(true)
  })

  it('says what no client says cuts it off, and serves the others [H4]', async () => {
    await hostOf('memory')
    const trailing = Buffer.concat([Buffer.of(0x91), doubling(40), Buffer.of(1)])
    const frames = {
      'more than what is small only by references': trailing,
      'a delay without an end': encode([put(1, encode([0, null, 'x']), { delay: Number.POSITIVE_INFINITY })]),
      'more at once than fits a turn': encode(Array.from({ length: 20_000 }, () => ({ type: 'pong' }))),
    }
    for (const frame of Object.values(frames)) {
      const bad = await stranger()
      bad.socket.write(Buffer.concat([lengthOf(frame), frame]))
      await bad.heard('closed')
    }
    expect(await serves()).toBe(true)
  })

  it('counts more hand-overs than can be stored keeps the queue whole [H4]', async () => {
    await hostOf('durable')
    const bad = await stranger()
    bad.say(put(1, encode([0, null, 'x'])), { type: 'want', items: 1, seen: 0, room: false, rest: false })
    const { first } = await bad.heard('items')
    bad.say({ type: 'settle', acked: [], back: [[first, 2 ** 40, 60_000]], handed: [] })
    expect(await serves()).toBe(true)
  })

  it('asks and does not read is not heard further, so that no answers pile up [H4]', async () => {
    const host = await hostOf('memory')
    const bad = await stranger()
    bad.socket.pause()
    const questions = Array.from({ length: 5000 }, (_, number) => ({ type: 'ask', number, what: 'refresh' }))
    // More than all buffers between the two hold, unless it is read.
    for (let times = 0; times < 200; times++) bad.say(...questions)
    const before = bad.socket.writableLength
    expect(await serves()).toBe(true)
    expect(bad.socket.writableLength).toBeGreaterThan(before / 2)
    expect(host.exitCode).toBe(null)
  })
})

describe('an address', () => {
  it('that the system would cut off is refused at both ends', async () => {
    const long = join(directory, 'n'.repeat(120))
    const codes = [hostQueue(fifoQueue(), long), connectQueue(long, { token: TOKEN })].map(failed =>
      failed.then(
        () => 'no error',
        error => error.code,
      ),
    )
    expect(await Promise.all(codes)).toEqual(['ERR_ADDRESS', 'ERR_ADDRESS'])
  })

  it('at which another queue is hosted now ends the client of the one before, and is sent nothing [H13]', async () => {
    const before = await hostOf('memory')
    const client = await connectQueue<string>(address(), { token: TOKEN })
    ends.push(() => client.close())
    before.kill('SIGKILL')
    await once(before, 'exit')
    const put = client.put('for the one before').then(
      () => 'stored',
      error => error.code,
    )
    const after = await hostQueue(fifoQueue<string>({ joinable: true }), address(), { token: TOKEN })
    ends.push(() => after.close())
    expect([await put, after.size]).toEqual(['ERR_QUEUE_CLOSED', 0])
  })
})
