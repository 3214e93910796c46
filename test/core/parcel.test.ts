import { CodecError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '#src/core/codec'
import { Entry } from '#src/core/entry'
import { OpenParcel, packParcel, payloadIn, unpackParcel } from '#src/core/parcel-codec'
import { carryReferences, Reference } from '#src/core/spill'

describe('a parcel', () => {
  it('carries what was put together', () => {
    const entries = [
      new Entry<unknown>({ id: 1, tags: ['a'] }, 1000.5),
      new Entry<unknown>({ id: 2, tags: [] }, 1000.5),
    ]
    const parcel = packParcel(entries)
    expect(parcel.count).toBe(2)
    const unpacked = unpackParcel(parcel.bytes)
    expect(unpacked.map(entry => entry.value)).toEqual([
      { id: 1, tags: ['a'] },
      { id: 2, tags: [] },
    ])
    expect(unpacked.map(entry => entry.enqueuedAt)).toEqual([1000.5, 1000.5])
  })

  it('carries the headers and the key of the item that has them', () => {
    const plain = new Entry('a', 5)
    const marked = new Entry('b', 5, 0, 0, { trace: '1' }, 'key')
    const [first, second] = unpackParcel<string>(packParcel([plain, marked]).bytes)
    expect([first?.headers, first?.key]).toEqual([{}, undefined])
    expect([second?.headers, second?.key]).toEqual([{ trace: '1' }, 'key'])
  })

  it('decodes without anything that was packed before it', () => {
    const parcels = [1, 2, 3].map(shape => packParcel([new Entry({ shape }, 0)]).bytes)
    for (const bytes of parcels.reverse()) expect(Buffer.from(bytes).includes('shape')).toBe(true)
    expect(parcels.map(bytes => unpackParcel<{ shape: number }>(bytes)[0]?.value.shape)).toEqual([3, 2, 1])
  })

  it('refuses what cannot be encoded, and bytes that are no parcel', () => {
    expect(() => packParcel([new Entry(() => 1, 0)])).toThrow(CodecError)
    expect(() => unpackParcel(new Uint8Array([1]))).toThrow(CodecError)
    expect(() => unpackParcel(new Uint8Array([0x93, 0]))).toThrow(CodecError)
  })

  it.each<[string, unknown]>([
    ['no list', { 0: 5 }],
    ['too short', [5]],
    ['of no time', [Number.NaN, null, 1]],
    ['of a text for a time', ['5', null, 1]],
    ['with extras that are no list', [5, 'extras', 1]],
    ['with an extra that is no list', [5, [[0, {}, undefined], 1], 1]],
    ['with headers that are nothing', [5, [[0, null, undefined]], 1]],
    ['with headers that are a text', [5, [[0, 'trace', undefined]], 1]],
    ['with a header that is no text', [5, [[0, { trace: '1', other: 1 }, undefined]], 1]],
    ['with a key that is no text', [5, [[0, {}, 1]], 1]],
  ])('refuses what no parcel is: %s', (_, parts) => {
    expect(() => unpackParcel(encode(parts))).toThrow(CodecError)
  })

  it('takes an empty one, and one with any headers or key', () => {
    expect(unpackParcel(encode([5, null]))).toEqual([])
    const [first, second] = unpackParcel(
      encode([
        5,
        [
          [0, { a: '1', b: '2' }],
          [1, {}, 'key'],
        ],
        'x',
        'y',
      ]),
    )
    expect([first?.value, first?.headers, first?.key]).toEqual(['x', { a: '1', b: '2' }, undefined])
    expect([second?.value, second?.headers, second?.key]).toEqual(['y', {}, 'key'])
  })

  it('tells item by item what it holds, and of which file', () => {
    const { bytes } = packParcel([new Entry('a', 5), new Entry('b', 5, 0, 0, undefined, 'key')])
    const open = OpenParcel.of<string>(decode(bytes))
    expect([open.key(0), open.key(1), open.headers(1), open.value(1)]).toEqual([undefined, 'key', {}, 'b'])
    expect(OpenParcel.of(decode(encode([5, null, 'a']))).key(0)).toBe(undefined)
    carryReferences()
    const pathOf = ({ file }: Reference): string => `/there/${file}`
    expect(payloadIn(open, pathOf)).toBe(undefined)
    const reference = new Reference('file', 7, 'sum')
    const spilt = packParcel([new Entry(reference, 5, 0, 0, { trace: '1' }, 'key')])
    const payload = payloadIn(OpenParcel.of(decode(spilt.bytes)), pathOf)
    expect([payload?.path, payload?.reference]).toEqual(['/there/file', reference])
    const [renamed] = unpackParcel(payload?.renamed(new Reference('other', 7, 'sum')).bytes as Buffer)
    expect([renamed?.value, renamed?.headers, renamed?.key]).toEqual([
      new Reference('other', 7, 'sum'),
      { trace: '1' },
      'key',
    ])
  })
})
