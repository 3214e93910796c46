import { readdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import fc from 'fast-check'
import { CodecError, LinkError, QueueLinkError, SpillError } from 'queuelink'
import { afterAll, describe, expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { FRAME_LIMIT, Frames, HEADER } from '#src/core/frames'
import { Reference, SpillDirectory } from '#src/core/spill'
import { Channel } from '#src/link/runtime/channel'
import { Pipe } from '../core/pipe.js'
import { leavesNothing, until, workDirs } from './help.js'

interface Message {
  readonly type: string
  readonly values?: unknown[]
  readonly error?: unknown
}

const workDir = workDirs()
leavesNothing()

interface End {
  readonly channel: Channel<Message, Message>
  readonly heard: Message[]
  readonly errors: (Error & { code?: string })[]
}

function listen(stream: Duplex, spill = new SpillDirectory(workDir())): End {
  const heard: Message[] = []
  const errors: Error[] = []
  const channel = new Channel<Message, Message>(stream, spill, error => void errors.push(error as Error))
  channel.listen(message => void heard.push(message))
  return { channel, heard, errors }
}

function framed(bytes: Uint8Array, length = bytes.length): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt32BE(length)
  return Buffer.concat([header, bytes])
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)))

describe('frames', () => {
  it('are put together wherever they were split', () => {
    const sent = [Buffer.from('a'), Buffer.alloc(0), Buffer.from('some more'), Buffer.alloc(300, 7)]
    const bytes = Buffer.concat(sent.map(frame => framed(frame)))
    for (let at = 0; at <= bytes.length; at++) {
      const frames = new Frames()
      const got: Buffer[] = []
      for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
        frames.push(part)
        for (let next = frames.next(); next; next = frames.next()) got.push(next)
      }
      expect(Buffer.concat(got).equals(Buffer.concat(sent)) && got.length === sent.length).toBe(true)
    }
  })

  it('are put together from single bytes and from any pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
        (sent, sizes) => {
          const bytes = Buffer.concat(sent.map(frame => framed(frame)))
          const frames = new Frames()
          const got: Uint8Array[] = []
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] as number
            frames.push(bytes.subarray(at, at + size))
            at += size
            for (let next = frames.next(); next; next = frames.next()) got.push(new Uint8Array(next))
          }
          expect(got).toEqual(sent.map(frame => new Uint8Array(frame)))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('are refused by their length alone when they are too long', () => {
    const frames = new Frames()
    frames.push(framed(Buffer.alloc(0), FRAME_LIMIT + 1))
    expect(() => frames.next()).toThrow(expect.objectContaining({ code: 'ERR_FRAME' }))
  })
})

describe('a channel', () => {
  it('brings messages across a socket, in order', async () => {
    const [left, right, server] = await socketPair()
    const spill = new SpillDirectory(workDir())
    const [a, b] = [listen(left, spill), listen(right, spill)]
    const sent = Array.from({ length: 2000 }, (_, i): Message => ({ type: 'n', values: [i, 'x'.repeat(i % 300)] }))
    for (const message of sent) a.channel.send(message)
    b.channel.send({ type: 'back', error: new RangeError('told') })
    await until(() => b.heard.length === sent.length && a.heard.length === 1)
    expect(b.heard).toEqual(sent)
    expect(a.heard[0]?.error).toBeInstanceOf(RangeError)
    expect([a.errors, b.errors]).toEqual([[], []])
    a.channel.close()
    b.channel.close()
    server.close()
  })

  it('reads what is split at every byte', async () => {
    const message = { type: 'values', values: [1, 'two', { three: [3n] }] }
    const bytes = framed(encode(message))
    for (let at = 1; at < bytes.length; at++) {
      const pipe = new Pipe(setImmediate)
      const { heard, channel } = listen(pipe)
      pipe.push(bytes.subarray(0, at))
      await settled()
      expect(heard).toEqual([])
      pipe.push(bytes.subarray(at))
      await settled()
      expect(heard).toEqual([message])
      channel.close()
    }
  })

  it('[S1][P46] spills what is larger than 64 KiB, so that every frame stays small', async () => {
    const directory = workDir()
    const [one, two] = [new Pipe(setImmediate), new Pipe(setImmediate)]
    const a = listen(one, new SpillDirectory(directory))
    const b = listen(two, new SpillDirectory(directory))
    const values = ['small', 'x'.repeat(20_000_000), Buffer.alloc(1_000_000, 3), { deep: ['y'.repeat(100_000)] }, 7]
    let sized = 0
    a.channel.send({ type: 'before' })
    a.channel.send(
      { type: 'large', values },
      {
        sized: bytes => {
          sized = bytes
        },
        refused: error => expect(error).toBeUndefined(),
      },
    )
    a.channel.send({ type: 'after' })
    await until(() => one.frames.length === 3)
    expect(Math.max(...one.frames.map(frame => frame.length))).toBeLessThan(2000)
    expect(sized).toBeGreaterThan(21_100_000)
    expect(readdirSync(directory)).toHaveLength(3)
    for (const chunk of one.written) two.push(chunk)
    await until(() => b.heard.length === 3)
    expect(b.heard.map(({ type }) => type)).toEqual(['before', 'large', 'after'])
    const [small, text, bytes, object, seven] = b.heard[1]?.values ?? []
    expect([small, object, seven]).toEqual(['small', values[3], 7])
    expect(text === values[1] && (bytes as Buffer).equals(values[2] as Buffer)).toBe(true)
    expect(readdirSync(directory)).toEqual([])
  })

  it('[S6][S7][S8] tells of references that lead elsewhere, to something else, or to nothing', async () => {
    const spill = new SpillDirectory(workDir())
    const outside = join(workDir(), 'secret')
    writeFileSync(outside, 'secret')
    const changed = await spill.write(Buffer.from('payload'))
    writeFileSync(join(spill.path, changed.file), 'PAYLOAD')
    const gone = await spill.write(Buffer.from('payload'))
    await spill.drop(gone)
    const bad = [
      new Reference('../secret', 6, changed.checksum),
      new Reference(outside, 6, changed.checksum),
      new Reference('', 0, ''),
      changed,
      gone,
    ]
    for (const reference of bad) {
      const pipe = new Pipe(setImmediate)
      const { heard, errors } = listen(pipe, spill)
      pipe.push(framed(encode({ type: 'values', values: [reference] })))
      await until(() => errors.length === 1)
      expect(errors[0]).toBeInstanceOf(SpillError)
      expect(heard).toEqual([])
    }
  })

  it('tells whoever sends of what cannot be encoded, and sends the rest', async () => {
    const pipe = new Pipe(setImmediate)
    const { channel, errors } = listen(pipe)
    const refused: unknown[] = []
    const sending = { sized: () => {}, refused: (error: unknown) => void refused.push(error) }
    channel.send({ type: 'bad', values: [() => {}] }, sending)
    channel.send({ type: 'good', values: [1] }, sending)
    await settled()
    expect(refused).toEqual([expect.any(CodecError)])
    expect([pipe.frames.length, errors]).toEqual([1, []])
  })

  it('[P28] keeps what the pipe does not take, and goes on when it does', async () => {
    const pipe = new Pipe(setImmediate)
    pipe.isStuck = true
    const { channel } = listen(pipe)
    const sized: number[] = []
    for (let i = 0; i < 50; i++) {
      channel.send({ type: 'v', values: ['x'.repeat(50)] }, { sized: n => void sized.push(n), refused: () => {} })
    }
    await settled()
    expect(sized.length).toBeLessThan(3)
    pipe.isStuck = false
    pipe.stuck?.()
    await until(() => sized.length === 50)
  })

  it.each<[string, Buffer, abstract new (...args: never[]) => Error]>([
    ['a length over the limit', framed(Buffer.alloc(10), FRAME_LIMIT + 1), QueueLinkError],
    ['a length of all ones', Buffer.alloc(64, 0xff), QueueLinkError],
    ['a text', Buffer.from('\0\0\0\x05hello'), CodecError],
    ['a number', framed(encode(7)), LinkError],
    ['nothing', framed(Buffer.alloc(0)), CodecError],
    ['half a value', framed(encode({ type: 'values', values: [1, 2] }).subarray(0, 9)), CodecError],
    ['more than a value', framed(Buffer.concat([encode({ type: 'v' }), encode(1)])), CodecError],
  ])('refuses %s, once, with a clear error', async (_, bytes, Expected) => {
    const pipe = new Pipe(setImmediate)
    const { heard, errors, channel } = listen(pipe)
    pipe.push(bytes)
    pipe.push(framed(encode({ type: 'later' })))
    await settled()
    expect(errors).toEqual([expect.any(Expected)])
    expect(errors[0]?.message.length).toBeGreaterThan(20)
    expect(heard).toEqual([])
    channel.close()
  })

  it('never crashes or hangs on garbage', async () => {
    const ends: End[] = []
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }),
        fc.boolean(),
        async (parts, framing) => {
          const pipe = new Pipe(setImmediate)
          const end = listen(pipe)
          ends.push(end)
          for (const part of parts) pipe.push(framing ? framed(part) : Buffer.from(part))
          await settled()
          expect(end.errors.length).toBeLessThanOrEqual(1)
          for (const error of end.errors)
            expect(['CodecError', 'LinkError', 'QueueLinkError', 'SpillError']).toContain(error.name)
          for (const message of end.heard) expect(message).toHaveProperty('type')
          end.channel.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})

const servers: { close(): void }[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

function socketPair(): Promise<[Socket, Socket, { close(): void }]> {
  return new Promise(resolve => {
    const path = join(workDir(), 'socket')
    let client: Socket
    const server = createServer(accepted => resolve([client, accepted, server]))
    server.listen(path, () => {
      client = connect(path)
    })
  })
}
