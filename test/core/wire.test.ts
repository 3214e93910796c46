import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { HEADER } from '#src/core/frames'
import { type Message, Wire, type WireEvents } from '#src/core/wire'
import { Pipe } from './pipe.js'

interface Said extends Message {
  readonly n?: unknown
}

const framed = (bytes: Uint8Array, length = bytes.length): Buffer => {
  const head = Buffer.alloc(HEADER)
  head.writeUInt32BE(length)
  return Buffer.concat([head, bytes])
}

interface Heard {
  readonly messages: Said[][]
  readonly hellos: string[]
  readonly closed: (string | undefined)[]
  turns: number
}

function begin(o: { hello?: true; heading?: Said; limit?: number } = {}): [Pipe, Wire<Said, Said>, Heard] {
  const pipe = new Pipe()
  const heard: Heard = { messages: [], hellos: [], closed: [], turns: 0 }
  const events: WireEvents<Said, Said> = {
    messages: messages => void heard.messages.push([...messages]),
    turn: () => void heard.turns++,
    closed: error => void heard.closed.push((error as { code?: string } | undefined)?.code ?? error?.message),
  }
  if (o.hello) events.hello = frame => void heard.hellos.push(frame.toString())
  if (o.heading) events.heading = () => o.heading
  return [pipe, new Wire<Said, Said>(pipe, events, o.limit), heard]
}

it('says together what is said in a turn, after its heading, and nothing where there is nothing to say', async () => {
  const [pipe, wire, heard] = begin({ heading: { type: 'head' } })
  wire.wake()
  await turn()
  expect([pipe.frames, wire.sent, heard.turns]).toEqual([[], 0, 1])
  wire.send({ type: 'a' })
  wire.send({ type: 'b' })
  await turn()
  wire.sendHeading()
  await turn()
  expect(pipe.frames).toEqual([[{ type: 'head' }, { type: 'a' }, { type: 'b' }], [{ type: 'head' }]].map(encode))
  expect([wire.sent, heard.turns]).toEqual([2, 3])
  wire.write(Buffer.from('raw'))
  expect(pipe.frames[2]?.toString()).toBe('raw')
})

it('begins another frame where one is full, but never an empty one', async () => {
  const [pipe, wire] = begin()
  const sizes = [2 ** 30, 1, 1, 2 ** 30, 2 ** 30]
  for (const [n, bytes] of sizes.entries()) wire.send({ type: 'n', n }, bytes)
  await turn()
  expect(pipe.frames).toEqual([[0], [1, 2], [3], [4]].map(some => encode(some.map(n => ({ type: 'n', n })))))
})

it('hears messages as they come, split or together, and counts their frames', async () => {
  const [pipe, wire, heard] = begin()
  const bytes = Buffer.concat(
    [[{ type: 'a' }, { type: 'b' }], [], [{ type: 'c', n: 1 }]].map(some => framed(encode(some))),
  )
  pipe.push(bytes.subarray(0, 9))
  await turn()
  pipe.push(bytes.subarray(9))
  await turn()
  expect([heard.messages, wire.received]).toEqual([[[{ type: 'a' }, { type: 'b' }], [], [{ type: 'c', n: 1 }]], 3])
})

it('takes the first frame as it came where it is asked to, and says nothing before', async () => {
  const [pipe, wire, heard] = begin({ hello: true })
  wire.send({ type: 'early' })
  await turn()
  expect([pipe.frames, heard.turns]).toEqual([[], 0])
  pipe.push(Buffer.concat([framed(Buffer.from('who')), framed(encode([{ type: 'a' }]))]))
  await turn()
  expect([heard.hellos, heard.messages]).toEqual([['who'], [[{ type: 'a' }]]])
  wire.send({ type: 'late' })
  await turn()
  expect(pipe.frames).toEqual([encode([{ type: 'early' }, { type: 'late' }])])
})

it.each<[string, Uint8Array, string]>([
  ['is no list', encode({ type: 'a' }), 'ERR_PROTOCOL'],
  ['holds what is no message', encode([{ type: 'a' }, { kind: 'b' }]), 'ERR_PROTOCOL'],
  ['holds nothing at all', encode([null]), 'ERR_PROTOCOL'],
  ['holds too many', encode(Array.from({ length: 16_385 }, () => ({ type: 'a' }))), 'ERR_PROTOCOL'],
  ['cannot be decoded', Uint8Array.of(0x92, 1), 'ERR_CODEC'],
])('ends, with what was wrong, when a frame comes that %s', async (_, bytes, code) => {
  const [pipe, wire, heard] = begin()
  pipe.push(Buffer.concat([framed(bytes), framed(encode([{ type: 'later' }]))]))
  await turn()
  await turn()
  expect([heard.messages, heard.closed, wire.isClosed, pipe.destroyed]).toEqual([[], [code], true, true])
})

it('takes as many messages as a frame may hold', async () => {
  const [pipe, , heard] = begin()
  pipe.push(framed(encode(Array.from({ length: 16_384 }, () => ({ type: 'a' })))))
  await turn()
  expect(heard.messages[0]?.length).toBe(16_384)
})

it('holds frames to its limit, from when it is set', async () => {
  for (const limit of [10, undefined]) {
    const [pipe, wire, heard] = begin(limit === undefined ? {} : { limit })
    if (limit === undefined) wire.limit = 10
    pipe.push(framed(Buffer.alloc(0), 11))
    await turn()
    await turn()
    expect(heard.closed).toEqual(['ERR_FRAME'])
  }
})

it('knows why the other end is given up: silent, half a frame behind, or not reading', async () => {
  const [pipe, wire] = begin()
  // A deadline that is over as soon as anything is waited for, and one that never is.
  const [over, never] = [-1000, 60_000]
  expect([wire.overdue(never), wire.overdue(over)]).toEqual([undefined, 'it was silent'])
  const bytes = framed(encode([{ type: 'a' }]))
  pipe.push(bytes.subarray(0, 5))
  await turn()
  expect([wire.overdue(never), wire.overdue(over)]).toEqual([undefined, 'it did not finish a frame that it began'])
  pipe.push(bytes.subarray(5))
  await turn()
  expect(wire.overdue(over)).toBe('it was silent')
  pipe.isStuck = true
  wire.send({ type: 'large', n: 'x'.repeat(1000) })
  await turn()
  expect([wire.isChoked, pipe.isPaused(), wire.overdue(never)]).toEqual([true, false, undefined])
  expect(wire.overdue(over)).toBe('it does not read what it is sent')
  pipe.isStuck = false
  pipe.stuck?.()
  await turn()
  expect([wire.isChoked, wire.overdue(over)]).toEqual([false, 'it was silent'])
})

it('hears nothing of who does not read, where it hosts, until they do, and goes on then', async () => {
  const [pipe, wire, heard] = begin({ hello: true })
  pipe.push(framed(Buffer.from('who')))
  await turn()
  pipe.isStuck = true
  wire.send({ type: 'large', n: 'x'.repeat(1000) })
  await turn()
  const { turns } = heard
  pipe.push(framed(encode([{ type: 'a' }])))
  await turn()
  expect([pipe.isPaused(), heard.messages]).toEqual([true, []])
  pipe.isStuck = false
  pipe.stuck?.()
  await turn()
  expect([pipe.isPaused(), heard.messages, heard.turns > turns]).toEqual([false, [[{ type: 'a' }]], true])
})

it('says what it has to say before it ends, hears nothing more, and says nothing after', async () => {
  const [pipe, wire, heard] = begin()
  wire.send({ type: 'last' })
  wire.end()
  wire.send({ type: 'late' })
  wire.end()
  pipe.push(framed(encode([{ type: 'a' }])))
  await turn()
  expect([pipe.frames, heard.messages, wire.isClosed]).toEqual([[encode([{ type: 'last' }])], [], true])
  expect([pipe.writableEnded, pipe.destroyed, heard.closed]).toEqual([true, false, []])
  pipe.push(null)
  await turn()
  await turn()
  expect([pipe.destroyed, heard.closed]).toEqual([true, [undefined]])
})

it('is cut once, with the first reason, in the midst of what comes as well', async () => {
  const [pipe, wire, heard] = begin()
  wire.cut(new Error('first'))
  wire.cut(new Error('second'))
  wire.send({ type: 'late' })
  await turn()
  await turn()
  expect([pipe.frames, heard.closed, wire.isClosed]).toEqual([[], ['first'], true])
  const [other, broken, news] = begin()
  other.destroy(new Error('broken'))
  await turn()
  expect([news.closed, broken.isClosed]).toEqual([['broken'], true])
})
