import fc from 'fast-check'
import { Packr } from 'msgpackr'
import * as queuelink from 'queuelink'
import { CodecError, type QueueLinkError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { decode, decodeOwn, encode, encodeBehind, encodeBriefly } from '#src/core/codec'
import { memoryOf } from './help.js'

const again = (value: unknown): unknown => decode(encode(value))

const key = fc.string({ maxLength: 8 }).filter(text => text !== '__proto__')
const scalar = fc.oneof(
  fc.integer(),
  // -0 arrives as 0.
  fc.double({ noNaN: true }).map(n => n + 0),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', minLength: 30, maxLength: 90 }),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.date({ noInvalidDate: true }),
)
const typed = fc.oneof(
  fc.uint8Array().map(bytes => Buffer.from(bytes)),
  fc.float64Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.float32Array(),
)
const { value: anything } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    typed,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(scalar, tie('value')), { maxLength: 4 }).map(entries => new Map(entries)),
    fc.array(scalar, { maxLength: 4 }).map(items => new Set(items)),
  ),
}))

describe('encode and decode', () => {
  it('[P32] bring any value back as it was', () => {
    fc.assert(
      fc.property(anything, value => {
        expect(again(value)).toEqual(value)
        expect(decode(encodeBehind(4, value).subarray(4))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, unknown]>([
    ['not a number', Number.NaN],
    ['the ends of numbers', [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, -(2 ** 63), 5e-324, Infinity]],
    [
      'big integers at the borders',
      [2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n) - 1n, 0n, 2n ** 5000n],
    ],
    ['holes and undefined', [undefined, { a: undefined }]],
    ['dates', [new Date(0), new Date(-1), new Date(8.64e15), new Date(1e12 + 0.5)]],
    ['characters of two halves', ['😀', '\u{10FFFF}', `${'x'.repeat(100)}😀`, '😀'.repeat(100)]],
    ['keys that look like numbers', { 1: 'a', 0: 'b', '-1': 'c' }],
    ['keys of an object that objects have', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    [
      'a map with keys of every type',
      new Map<unknown, unknown>([
        [{ a: 1 }, 1],
        [2, 2],
        ['2', 3],
        [null, 4],
      ]),
    ],
    ['regular expressions', /a.b/giu],
    ['many objects of one shape', Array.from({ length: 500 }, (_, id) => ({ id, name: `n${id}`, on: id % 2 === 0 }))],
    [
      'many objects of many shapes',
      Array.from({ length: 300 }, (_, i) => ({ [`k${i}`]: i, [`l${i % 7}`]: { [`m${i}`]: 1 } })),
    ],
    ['a long text', 'ü'.repeat(3_000_000)],
  ])('carry %s', (_, value) => {
    expect(again(value)).toEqual(value)
  })

  it('carry circles', () => {
    const value: { self?: unknown; list: unknown[] } = { list: [1] }
    value.self = value
    value.list.push(value.list)
    const behind = encodeBehind(4, value)
    for (const bytes of [encode(value), behind.subarray(4)]) {
      const got = decode(bytes) as typeof value
      expect(got.self).toBe(got)
      expect(got.list[1]).toBe(got.list)
      expect(got.list[0]).toBe(1)
    }
  })

  it('[P32] carry errors with message, stack, cause and what else they own', () => {
    const cause = new TypeError('deep')
    const error = Object.assign(new RangeError('above', { cause }), { code: 'E_X', data: new Map([[1, 2]]) })
    const got = again(error) as typeof error
    expect(got).toBeInstanceOf(RangeError)
    expect(got).toMatchObject({
      name: 'RangeError',
      message: 'above',
      stack: error.stack,
      code: 'E_X',
      data: error.data,
    })
    expect(got.cause).toBeInstanceOf(TypeError)
    expect([Object.keys(got), 'errors' in got, Object.hasOwn(got, 'name')]).toEqual([['code', 'data'], false, false])
    const many = again(new AggregateError([cause, 7], 'several')) as AggregateError
    expect([many.constructor, many.errors.length, (many.errors[0] as Error).message]).toEqual([
      AggregateError,
      2,
      'deep',
    ])
    expect([Object.keys(many), 'cause' in many]).toEqual([[], false])
    class Own extends Error {
      override name = 'Own'
    }
    expect(again(new Own('mine'))).toMatchObject({ name: 'Own', message: 'mine' })
    expect(again(new DOMException('stop', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'stop' })
  })

  const classes = Object.entries(queuelink).filter(
    ([, value]) => `${value}`.startsWith('class ') && (value as typeof QueueLinkError).prototype instanceof Error,
  )
  it.each(classes)('carry errors of this package as what they are: %s', (name, value) => {
    const Class = value as typeof QueueLinkError
    const error = new Class('told', 'ERR_TOLD')
    const got = again(error) as QueueLinkError
    expect([got.constructor, got.name, got.message, got.code]).toEqual([Class, name, error.message, error.code])
  })

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('carry an error that is named %s', name => {
    const got = again(Object.assign(new Error('odd'), { name })) as Error
    expect([got instanceof Error, got.name, got.message]).toEqual([true, name, 'odd'])
  })

  it('[Q14.3] carry what a Map, Set or array holds that is of a class of its own', () => {
    class Index extends Map<string, number> {}
    class Group extends Set<number> {}
    class List extends Array<number> {}
    expect(again([new Index([['a', 1]]), new Group([2]), List.of(3)])).toEqual([new Map([['a', 1]]), new Set([2]), [3]])
  })

  it('carry the data of instances', () => {
    class Point {
      x = 1
      y = { z: 2 }
    }
    expect(again(new Point())).toEqual({ x: 1, y: { z: 2 } })
  })

  it.each<[string, unknown]>([
    ['a function', () => {}],
    ['a class', class {}],
    ['a symbol', Symbol('s')],
    ['a promise', Promise.resolve()],
    ['a WeakMap', new WeakMap()],
    ['a WeakRef', new WeakRef({})],
    ['a function in an error', Object.assign(new Error('e'), { call: () => {} })],
  ])('[Q14.2][P18] refuse %s, wherever it is', (_, bad) => {
    for (const value of [bad, [bad], { deep: [{ bad }] }, new Map([[1, bad]])]) {
      expect(() => encode(value)).toThrow(CodecError)
      expect(() => encodeBehind(4, value)).toThrow(CodecError)
    }
    expect(again({ still: 'fine' })).toEqual({ still: 'fine' })
  })

  it.each<[string, () => unknown]>([
    ['encode', () => encode(() => {})],
    ['encode of a circle', () => encode(circleWith(() => {}))],
    ['encodeBehind', () => encodeBehind(4, () => {})],
    [
      'encodeBehind of a circle',
      () =>
        encodeBehind(
          4,
          circleWith(() => {}),
        ),
    ],
    ['encodeBriefly', () => encodeBriefly(() => {})],
    ['decode', () => decode(Uint8Array.of(0x92, 0x91, 0))],
    ['decodeOwn', () => decodeOwn(Buffer.of(0x92, 1), 0, 2)],
  ])('say why not, with the cause: %s', (_, call) => {
    const error = thrownBy(call) as CodecError
    expect([error.name, error.cause instanceof Error]).toEqual(['CodecError', true])
    expect(error.message).toContain((error.cause as Error).message)
  })

  it('refuse what is too deep to follow', () => {
    let value: unknown = 1
    for (let i = 0; i < 200_000; i++) value = [value]
    expect(() => encode(value)).toThrow(CodecError)
    expect(again([1])).toEqual([1])
  })
})

describe('bytes that are damaged', () => {
  const orFails = (bytes: Uint8Array): void => {
    try {
      decode(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError)
    }
  }

  it('are a CodecError or another value, never more', () => {
    const before = memoryOf('self')
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (value, changes) => {
          const bytes = Buffer.from(encode(value))
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          orFails(bytes)
          orFails(bytes.subarray(0, (changes[0] as [number, number])[0] % bytes.length))
        },
      ),
      { numRuns: 1500 },
    )
    expect(again({ still: ['fine'] })).toEqual({ still: ['fine'] })
    expect(memoryOf('self') - before).toBeLessThan(200)
  })

  it('are refused when a few of them stand for more than any memory holds, by references, whatever follows', () => {
    const packr = new Packr({ structuredClone: true, moreTypes: true })
    let value: unknown = 'x'
    for (let level = 0; level < 40; level++)
      value =
        level % 2
          ? [value, value]
          : new Map([
              [1, value],
              [2, value],
            ])
    const bytes = packr.pack(value)
    expect(() => decode(bytes)).toThrow(CodecError)
    expect(() => decode(Buffer.concat([bytes, Buffer.of(1)]))).toThrow(CodecError)
    const circle = encode(circleWith(1))
    expect(() => decode(Buffer.concat([circle, Buffer.of(1)]))).toThrow(CodecError)
    expect(again({ still: ['fine'] })).toEqual({ still: ['fine'] })
  })

  it('are that as well when they are noise', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), orFails), { numRuns: 1500 })
  })

  it.each<[string, Buffer]>([
    ['an array of four billion', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1])],
    ['a map of four billion', Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff, 1])],
    ['a text of four billion', Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff, 65])],
    ['an extension of four billion', Buffer.from([0xc9, 0xff, 0xff, 0xff, 0xff, 0x42])],
    ['lists that each claim all that follows', claims(2_000_000)],
    ['lists within lists', Buffer.alloc(1_000_000, 0x91)],
    ['nothing', Buffer.alloc(0)],
  ])('are refused before anything is allocated: %s', (_, bytes) => {
    const before = memoryOf('self')
    expect(() => decode(bytes)).toThrow(CodecError)
    expect(memoryOf('self') - before).toBeLessThan(100)
  })
})

function circleWith(member: unknown): unknown {
  const circle: unknown[] = [member]
  circle.push(circle)
  return circle
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** Nested lists of which each claims the most that the bytes behind it allow. */
function claims(size: number): Buffer {
  const bytes = Buffer.alloc(size, 0xc0)
  for (let at = 0; at + 5 < size / 2; at += 5) {
    bytes[at] = 0xdd
    bytes.writeUInt32BE(size - at - 5, at + 1)
  }
  return bytes
}
