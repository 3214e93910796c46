import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '#src/core/codec'
import { Entry } from '#src/core/entry'
import { openOwnParcel } from '#src/core/open-own-parcel'
import { ParcelBuilder } from '#src/core/parcel-builder'
import { packParcel, unpackParcel } from '#src/core/parcel-codec'

const values: readonly unknown[][] = [
  [{ id: 1, name: 'a', tags: ['x'] }],
  [{ id: 64, inner: { id: 2 }, more: [{ id: 3 }, { z: new Map([[1, 2]]) }] }],
  [{ a: 1 }, { a: 2 }, { b: 3 }, { a: 4 }, { a: { b: 5 } }, { b: { a: 6 } }, { a: 7 }],
  [
    1,
    'text',
    null,
    undefined,
    true,
    10n,
    new Date(5),
    [1, { a: 1 }],
    { a: 2 },
    new Set([1]),
    { a: 3 },
    [{ b: 1 }],
    { a: 4 },
  ],
  [{ 'no name': 1, __proto__x: 2, ü: 3 }],
  [{ ['x'.repeat(40)]: 1 }],
  [Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`n${n}`, n]))],
  [{ a: new Error('of an item') }],
  [{}],
  [Array.from({ length: 200 }, (_, id) => ({ id }))],
  Array.from({ length: 200 }, (_, id) => ({ id, even: id % 2 === 0 })),
  [JSON.parse('{"__proto__": 1, "a": 2}')],
  [1, 2.5, 'text', null, undefined, true, -70_000, [1, 'a'], []],
  ['ü', 'text', 1],
  ['x'.repeat(70), 1],
  [[1, [2]], [3]],
  [1, 10n, new Date(5)],
  [1, { a: 1 }, { a: 2 }],
  [
    { constructor: 'of nothing', a: 1 },
    { constructor: Object.name, a: 2 },
  ],
  [Object.assign(Object.create({ b: 1 }), { a: 1 }), { a: 2 }, { a: 3 }],
  Array.from({ length: 40 }, (_, n) => ({ name: 'event', at: 1.5 * n, tags: ['a', 'b'], last: n === 39 ? ['ü'] : n })),
]

/** One by one, as single puts are gathered. */
function gathered(builder: ParcelBuilder, items: readonly unknown[]): Buffer {
  builder.clear()
  for (const item of items) expect(builder.add(item, 1000.5)).toBe(true)
  return Buffer.from(builder.bytes().subarray(0, builder.length))
}

function opened(bytes: Buffer): unknown[] {
  // Where others lie around it.
  const around = Buffer.concat([Buffer.from([1, 2, 3]), bytes, Buffer.from([4])])
  const parcel = openOwnParcel(around, 3, 3 + bytes.length)
  expect(parcel.enqueuedAt).toBe(1000.5)
  return Array.from({ length: parcel.count }, (_, place) => parcel.value(place))
}

describe('a parcel whose shapes are known', () => {
  it('carries what was put, the first time as well as later', () => {
    const builder = new ParcelBuilder(16_384)
    for (let time = 0; time < 3; time++) {
      for (const items of values) {
        const together = packParcel(items.map(item => new Entry(item, 1000.5))).bytes
        const plain = unpackParcel(together).map(entry => entry.value)
        expect(opened(Buffer.from(together))).toEqual(plain)
        const bytes = gathered(builder, items)
        expect(unpackParcel(bytes).map(entry => entry.value)).toEqual(plain)
        expect(opened(bytes)).toEqual(plain)
      }
    }
  })

  it('carries every member as the codec does', () => {
    const edges = [0x20, 0x40, 0x80, 0x100, 0x8000, 0x10000, 2 ** 31, 2 ** 32, 2 ** 53].flatMap(n => [n - 1, n, n + 1])
    const number = fc.oneof(fc.constantFrom(0, Number.NaN, ...edges, ...edges.map(n => -n)), fc.double(), fc.integer())
    const text = fc.oneof(
      fc.string({ maxLength: 70, unit: 'grapheme-ascii' }),
      fc.string({ maxLength: 70, unit: 'grapheme' }),
    )
    const plain = fc.oneof(number, text, fc.boolean(), fc.constantFrom(null, undefined))
    const other = fc.oneof(
      fc.bigInt(),
      fc.date(),
      fc.uint8Array({ maxLength: 40 }),
      fc.dictionary(text, plain, { maxKeys: 3 }),
    )
    const member = fc.oneof(
      plain,
      other,
      fc.array(fc.oneof(plain, other, fc.array(plain, { maxLength: 3 })), { maxLength: 18 }),
    )
    const names = fc.uniqueArray(text, { minLength: 1, maxLength: 5 })
    const items = names.chain(those => {
      return fc.array(
        fc
          .tuple(...those.map(() => member))
          .map(values => Object.fromEntries(those.map((name, n) => [name, values[n]]))),
        { minLength: 1, maxLength: 4 },
      )
    })
    const builder = new ParcelBuilder(16_384)
    const lists = fc.array(fc.oneof(plain, fc.array(plain, { maxLength: 4 })), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.oneof(items, lists), (some: unknown[]) => {
        const asEncoded = some.map(item => decode(encode(item)))
        // A shape is known from the second time on.
        for (let time = 0; time < 3; time++) {
          const together = packParcel(some.map(item => new Entry<unknown>(item, 1000.5))).bytes
          expect(unpackParcel(together).map(entry => entry.value)).toStrictEqual(asEncoded)
          expect(opened(Buffer.from(together))).toStrictEqual(asEncoded)
          expect(opened(gathered(builder, some))).toStrictEqual(asEncoded)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('forgets shapes that are too many, and goes on', () => {
    const builder = new ParcelBuilder(16_384)
    for (let time = 0; time < 2; time++) {
      for (let n = 0; n < 200; n++) {
        const item = { [`name ${n}`]: n, a: { [`other ${n}`]: n } }
        for (let again = 0; again < 3; again++) expect(opened(gathered(builder, [item, item]))).toEqual([item, item])
      }
    }
  })

  it('carries headers and keys', () => {
    const entries = [new Entry({ a: 1 }, 1000.5, 0, 0, { trace: '1' }), new Entry({ a: 2 }, 1000.5)]
    for (let time = 0; time < 3; time++) {
      const parcel = openOwnParcel(Buffer.from(packParcel(entries).bytes), 0, packParcel(entries).bytes.length)
      expect([parcel.headers(0), parcel.headers(1), parcel.value(1)]).toEqual([{ trace: '1' }, {}, { a: 2 }])
    }
  })
})
