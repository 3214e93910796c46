import { describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'
import { HELLO_LIMIT, packHello, readHello, TOKEN_LIMIT, VERSION } from '#src/queues/socket/hello'
import { checkToHost } from '#src/queues/socket/protocol'
import { OpenParcel, RemoteLease } from '#src/queues/socket/remote-lease'
import { codeThrown } from './help.js'
import { parcelOf } from './raw-client.js'

const NO_COUNT = [-1, 1.5, Number.NaN, 2 ** 53, '1', undefined, null]
const NO_TIME = [-1, -0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]
const NO_FLAG = [0, 1, 'true', undefined]
/** Looks like a list as far as one looks at its members only. */
const LIKE_A_LIST = { 0: 1, 1: 1, 2: 1, length: 3, every: () => true }
const NO_COUNTS = [undefined, 1, LIKE_A_LIST, [-1], [0, 1.5], ['1']]
const NO_BACK = [
  [undefined],
  [7],
  [[]],
  [[1, 1]],
  [[1, 1, 1, 1]],
  [[-1, 1, 1]],
  [[1, -1, 1]],
  [[1, 1, -1]],
  [[1, 1, Number.POSITIVE_INFINITY]],
  [LIKE_A_LIST],
  ['abc'],
  [[1, 1, 1], 7],
]

const BYTES = Uint8Array.of(1)
const MESSAGES = {
  put: { type: 'put', number: 0, parcel: BYTES, priority: -1.5, delay: 0.5 },
  withdraw: { type: 'withdraw', number: 3 },
  want: { type: 'want', items: 0, seen: 7, room: true, rest: false },
  settle: { type: 'settle', acked: [0, 1], back: [[1, 0, 0.5]], handed: [2] },
  ask: { type: 'ask', number: 1, what: 'bury', parcel: BYTES },
  pong: { type: 'pong' },
}
const WRONG: Record<string, Record<string, readonly unknown[]>> = {
  put: {
    number: NO_COUNT,
    parcel: [undefined, [1], 'x', 1],
    priority: [Number.NaN, '1', undefined, null],
    delay: NO_TIME,
  },
  withdraw: { number: NO_COUNT },
  want: { items: NO_COUNT, seen: NO_COUNT, room: NO_FLAG, rest: NO_FLAG },
  settle: { acked: NO_COUNTS, back: [undefined, LIKE_A_LIST, ...NO_BACK], handed: NO_COUNTS },
  ask: { number: NO_COUNT, what: ['take', undefined, 1], parcel: [[1], 'x', null] },
}

describe('what a client says to its host', () => {
  it.each(Object.values(MESSAGES))('is passed where it means something: $type [H4]', message => {
    expect(checkToHost(message)).toBe(message)
  })

  it('may leave out the parcel of a question, and puts and holds nothing by empty lists', () => {
    const none = [
      { type: 'ask', number: 0, what: 'stat' },
      { type: 'settle', acked: [], back: [], handed: [] },
    ]
    for (const message of none) expect(checkToHost(message)).toBe(message)
  })

  for (const [type, members] of Object.entries(WRONG)) {
    it.each(Object.keys(members))(`is refused where it cannot be: %s of ${type} [H4]`, name => {
      for (const value of members[name] ?? []) {
        const message = { ...MESSAGES[type as 'put'], [name]: value }
        expect(
          codeThrown(() => checkToHost(message as never)),
          String(value),
        ).toBe('ERR_PROTOCOL')
      }
    })
  }

  it.each(['take', 'toString', '__proto__', ''])('is refused where nobody knows it: %j [H4]', type => {
    expect(codeThrown(() => checkToHost({ type }))).toBe('ERR_PROTOCOL')
  })

  it('is not repeated at length where it is refused', () => {
    const type = 'x'.repeat(100_000)
    expect(() => checkToHost({ type })).toThrow(/^.{80,200}$/)
  })
})

describe('a hello', () => {
  const client = '00112233445566778899aabbccddeeff'

  it('says version, client and token [H3]', () => {
    const frame = packHello(client, 'a token')
    expect(readHello(frame)).toEqual({ version: VERSION, client, token: Buffer.from('a token') })
    expect(readHello(packHello(client, ''))?.token).toHaveLength(0)
    expect(packHello(client, 'x'.repeat(TOKEN_LIMIT))).toHaveLength(HELLO_LIMIT)
  })

  it('is nothing else [H3]', () => {
    const frame = packHello(client, '')
    expect(readHello(frame.subarray(0, -1))).toBe(undefined)
    expect(readHello(Buffer.alloc(0))).toBe(undefined)
    const other = Buffer.from(frame)
    other[3] = 0
    expect(readHello(other)).toBe(undefined)
  })
})

describe('an item that a host sent', () => {
  it('has all that its parcel says, and its share of the bytes', () => {
    const entries = [new Entry('a', 12_345), new Entry('b', 12_345, 0, 0, { from: 'here' }, 'key')]
    const { bytes } = packParcel(entries)
    const lease = new RemoteLease({ id: 5, connection: {}, seq: 9, attempt: 2 }, new OpenParcel<string>(bytes, 2), 1)
    expect([lease.id, lease.seq, lease.attempt, lease.value]).toEqual([5, 9, 2, 'b'])
    expect([lease.enqueuedAt, lease.headers, lease.key]).toEqual([12_345, { from: 'here' }, 'key'])
    expect(lease.bytes).toBe(bytes.length / 2)
  })

  it('cannot be had where the parcel holds fewer than it was said to', () => {
    const lease = new RemoteLease({ id: 1, connection: {}, seq: 1, attempt: 0 }, new OpenParcel(parcelOf('a'), 2), 1)
    expect(codeThrown(() => lease.value)).toBe('ERR_CODEC')
  })
})
