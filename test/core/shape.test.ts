import { CodecError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { decode, encode } from '#src/core/codec'
import { Entry } from '#src/core/entry'
import { openOwnParcel } from '#src/core/open-own-parcel'
import { packShaped } from '#src/core/pack-shaped'
import { ParcelBuilder } from '#src/core/parcel-builder'
import { packParcel, unpackParcel } from '#src/core/parcel-codec'
import { copied, isDefinition, NO_ROOM, OTHER, RECORD, Shape, shapeOf } from '#src/core/shape'
import { Shapes } from '#src/core/shapes'

const AT = 1000.5
/** Bytes of a parcel's head. */
const HEAD = 15
/** What comes around a parcel where it lies among others. */
const BEFORE = Buffer.from([0x93, 0xd4, 0x72])

let made = 100
/** A name that no test had before, as long as all: its shape is not known yet. */
const fresh = (): string => `name${++made}`

function shaped(names: readonly string[]): Shape {
  const shape = shapeOf(names)
  if (!shape) throw new Error('there is no such shape')
  return shape
}

describe('a shape', () => {
  it('writes the values of an object behind its definition, as the codec does', () => {
    const shape = shaped(['a', 'b'])
    for (const object of [
      { a: 1, b: 'x' },
      { a: [1, null], b: { c: 2 } },
      { a: 'x'.repeat(200), b: new Date(5) },
    ]) {
      const target = Buffer.alloc(400, 0xaa)
      const begin = shape.writeDefinition(target, 7)
      expect(begin).toBe(7 + shape.definition.length)
      expect([isDefinition(target, 7), shape.isDefinedAt(target, 7)]).toEqual([true, true])
      const end = shape.write(object, target, begin)
      expect(decode(target.subarray(7, end))).toEqual(object)
      expect(target.subarray(7, end).length).toBe(encode(object).length)
      expect([...target.subarray(0, 7), ...target.subarray(end)].every(byte => byte === 0xaa)).toBe(true)
    }
  })

  it('tells others, and what has no room', () => {
    const shape = shaped(['a', 'b'])
    const target = Buffer.alloc(64)
    class Own {
      a = 1
      b = 2
    }
    const others = [
      { b: 1, a: 2 },
      { a: 1 },
      { a: 1, b: 2, c: 3 },
      {},
      new Own(),
      Object.assign(Object.create(null), { a: 1, b: 2 }),
      Object.assign(Object.create({ c: 3 }), { a: 1, b: 2 }),
      Object.assign(Object.create({ b: 2 }), { a: 1 }),
    ]
    for (const other of [...others, { a: 1, b: () => 1 }]) expect(shape.write(other, target, 0)).toBe(OTHER)
    expect(() => shape.write({ a: Symbol('s'), b: 1 }, target, 0)).toThrow(CodecError)
    const large = { a: 'x'.repeat(30), b: new Date(5) }
    const bytes = shape.write(large, target, 0)
    expect(bytes).toBeGreaterThan(30)
    expect(shape.write(large, Buffer.alloc(bytes), 0)).toBe(bytes)
    expect(shape.write(large, Buffer.alloc(bytes - 1), 0)).toBe(NO_ROOM)
    expect(shape.write({ a: new Date(5), b: 1 }, Buffer.alloc(3), 0)).toBe(NO_ROOM)
    expect(shape.writeDefinition(Buffer.alloc(shape.definition.length), 0)).toBe(shape.definition.length)
    expect(shape.writeDefinition(Buffer.alloc(shape.definition.length), 1)).toBe(NO_ROOM)
  })

  it('tells its definition from every other', () => {
    const shape = shaped(['ab', 'cd'])
    for (let n = 0; n < shape.definition.length; n++) {
      const other = Buffer.from(shape.definition)
      other[n] = (other[n] as number) ^ 1
      expect(shape.isDefinedAt(other, 0)).toBe(false)
      expect(isDefinition(other, 0)).toBe(n > 2)
    }
    expect(shape.isDefinedAt(shape.definition, 0)).toBe(true)
  })

  it('is none for names that stand for something else', () => {
    expect(shapeOf([])).toBe(undefined)
    expect(shapeOf(['a', '__proto__'])).toBe(undefined)
    expect(shapeOf(['a'], Buffer.of(0x81, 0xa1, 0x61))).toBe(undefined)
    expect(shapeOf(['a'])).not.toBe(undefined)
  })
})

it('copies what was packed, long or short, and no more than there is room for', () => {
  for (const length of [0, 1, 95, 96, 97, 300]) {
    const packed = Object.assign(Buffer.alloc(length + 9, 7), { start: 4, end: 4 + length })
    packed.fill(9, 0, 4).fill(9, 4 + length)
    const target = Buffer.alloc(length + 6, 1)
    expect(copied(packed, target, 5)).toBe(5 + length)
    expect([...target]).toEqual([...Buffer.alloc(5, 1), ...Buffer.alloc(length, 7), 1])
    expect(copied(packed, target, 6)).toBe(6 + length)
    expect(copied(packed, target, 7)).toBe(NO_ROOM)
  }
})

it('makes a shape when it comes for the second time, keeps it, and forgets all where there are too many', () => {
  const shapes = new Shapes()
  expect([shapes.of({ a: 1 }), shapes.of(new Date()), shapes.of([1])]).toEqual([undefined, undefined, undefined])
  const known = shapes.of({ a: 2 })
  expect([known === undefined, shapes.of({ a: 3 }) === known, shapes.of({ b: 1 })]).toEqual([false, true, undefined])
  for (let n = 0; n < 62; n++) shapes.of({ [`other ${n}`]: 1 })
  expect(shapes.of({ a: 4 })).toBe(known)
  shapes.of({ last: 1 })
  expect(shapes.of({ a: 5 })).toBe(undefined)
  let calls = 0
  const own = new Shapes()
  const find = (): unknown => {
    return own.find('key', () => {
      calls++
      return undefined
    })
  }
  expect([find(), calls, find(), calls, find(), calls]).toEqual([undefined, 0, undefined, 1, undefined, 2])
})

describe('items of one shape that are packed together', () => {
  it('are packed by it from the second time on', () => {
    const [a, b] = [fresh(), fresh()]
    for (const count of [1, 3, 300]) {
      const items = Array.from({ length: count }, (_, n) => ({ [a]: n, [b]: 'x' }))
      if (count === 1) expect(packShaped(items, AT)).toBe(undefined)
      const bytes = packShaped(items, AT) as Buffer
      expect(unpackParcel(bytes).map(({ value, enqueuedAt }) => [value, enqueuedAt])).toEqual(
        items.map(item => [item, AT]),
      )
      expect(bytes.length).toBe(
        encode([AT, null, ...items]).length - 1 + (count + 2 > 0xffff ? 1 : count + 2 > 15 ? 3 : 5),
      )
    }
  })

  it('are left to the codec where they are not, or are too many', () => {
    const name = fresh()
    const item = { [name]: 1 }
    packShaped([item], AT)
    expect(packShaped([item, item], AT)).not.toBe(undefined)
    for (const bad of [1, null, undefined, 'x', [1], { other: 1 }, { [name]: () => 1 }, new Date(5)]) {
      expect(packShaped([bad, item], AT)).toBe(undefined)
      expect(packShaped([item, bad], AT)).toBe(undefined)
    }
    expect(packShaped([], AT)).toBe(undefined)
    const text = { [name]: 'x'.repeat(50) }
    expect(
      packShaped(
        Array.from({ length: 1200 }, () => text),
        AT,
      ),
    ).not.toBe(undefined)
    expect(
      packShaped(
        Array.from({ length: 1300 }, () => text),
        AT,
      ),
    ).toBe(undefined)
    const long = { ['x'.repeat(70_000)]: 1 }
    for (let time = 0; time < 3; time++) expect(packShaped([long], AT)).toBe(undefined)
    // The next shape takes over.
    const next = { [fresh()]: 1 }
    packShaped([next], AT)
    expect([packShaped([next], AT), packShaped([item], AT)].includes(undefined)).toBe(false)
  })
})

describe('an own parcel', () => {
  /** What is in it, and whether its shape was known: then that is asked to read it. */
  function opened(bytes: Uint8Array): [values: unknown[], known: boolean, enqueuedAt: number] {
    const around = Buffer.concat([BEFORE, bytes, Buffer.of(0x94, 1)])
    const { read } = Shape.prototype
    let asked = false
    Shape.prototype.read = function (...given) {
      asked = true
      return read.apply(this, given)
    }
    let parcel: ReturnType<typeof openOwnParcel>
    try {
      parcel = openOwnParcel(around, BEFORE.length, BEFORE.length + bytes.length)
    } finally {
      Shape.prototype.read = read
    }
    const values = Array.from({ length: parcel.count }, (_, place) => parcel.value(place))
    return [values, asked, parcel.enqueuedAt]
  }

  it('is opened by the shape of its first item from the second time on', () => {
    const [a, b] = [fresh(), fresh()]
    for (const count of [1, 14, 20, 300]) {
      const items = Array.from({ length: count }, (_, n) => ({ [a]: n, [b]: { c: [n] } }))
      const bytes = encode([AT, null, ...items])
      if (count === 1) expect(opened(bytes)).toEqual([items, false, AT])
      expect(opened(bytes)).toEqual([items, true, AT])
      const one = packParcel(items.map(item => new Entry(item, AT))).bytes
      expect(opened(one)).toEqual([items, true, AT])
    }
    const other = encode([AT, null, { [fresh()]: 1 }])
    expect([opened(other)[1], opened(other)[1], opened(other)[1]]).toEqual([false, true, true])
    expect(opened(encode([AT, null, { [a]: 1, [b]: 2 }]))[1]).toBe(true)
  })

  it('is taken for no other, whatever its bytes look like', () => {
    const item = { [fresh()]: 1 }
    for (let time = 0; time < 3; time++) {
      // The definition lies where that of a first item would.
      const bytes = Buffer.of(1, 2, 3, 4, 5, 0xc0)
      const [values, known] = opened(encode([7, null, bytes, item]))
      expect([values, known]).toEqual([[bytes, item], false])
      expect(opened(encode([AT, [item], item]))).toEqual([[item], false, AT])
      const none = Buffer.concat([encode([AT, null]), encode(item)])
      expect(openOwnParcel(none, 0, encode([AT, null]).length).count).toBe(0)
      opened(encode([AT, null, item]))
    }
  })

  it('is opened by no shape where it holds more than 65,535', () => {
    const name = fresh()
    for (const count of [1, 1, 0xffff, 0x10000]) {
      // The text is one that is left to msgpackr.
      const items = Array.from({ length: count }, (_, n) => ({ [name]: n === 0 ? 'ü' : n & 7 }))
      const bytes = encode([AT, null, ...items])
      const parcel = openOwnParcel(bytes, 0, bytes.length)
      expect([parcel.count, parcel.value(0), parcel.value(count - 1)]).toEqual([count, items[0], items[count - 1]])
    }
  })

  it('is opened as any other where it begins with something else', () => {
    const name = fresh()
    const long = { ['x'.repeat(40)]: 1 }
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`n${n}`, n]))
    for (let time = 0; time < 3; time++) {
      for (const items of [[1, { [name]: 1 }], ['x'], [null, null], [[1, 2]], [long, long], [many], [{}], [{ ü: 1 }]]) {
        const [values, known] = opened(encode([AT, null, ...items]))
        expect(values).toEqual(items)
        expect(known && items[0] !== (items[0] as { ü: number } | undefined)).toBe(false)
      }
      expect(opened(encode([7, null, { [name]: 1 }]))[0]).toEqual([{ [name]: 1 }])
      expect(opened(encode([AT, [[0, { trace: '1' }, undefined]], { [name]: 1 }]))[0]).toEqual([{ [name]: 1 }])
    }
    expect(() => openOwnParcel(encode([AT]), 0, encode([AT]).length)).toThrow(CodecError)
  })
})

describe('a parcel that grows', () => {
  function grown(builder: ParcelBuilder, items: readonly unknown[]): number[] {
    builder.clear()
    const sizes = items.map(item => {
      expect(builder.add(item, AT)).toBe(true)
      return builder.lastBytes
    })
    expect(builder.count).toBe(items.length)
    const bytes = Buffer.from(builder.bytes().subarray(0, builder.length))
    expect(bytes.length).toBe(HEAD + sizes.reduce((sum, size) => sum + size, 0))
    expect(unpackParcel(bytes).map(({ value, enqueuedAt }) => [value, enqueuedAt])).toEqual(
      items.map(item => [item, AT]),
    )
    return sizes
  }

  it('defines a shape that it knows once, until something else comes between', () => {
    const builder = new ParcelBuilder(4096)
    const [a, b] = [fresh(), fresh()]
    const one = { [a]: 1 }
    const other = { [b]: 1 }
    grown(builder, [one, other, one, other])
    const full = 3 + 1 + 1 + a.length + 1
    // A record, and its value.
    expect(grown(builder, [one, one, one])).toEqual([full, 2, 2])
    expect(grown(builder, [one])).toEqual([full])
    expect(grown(builder, [one, 1, one, null, one])).toEqual([full, 1, 2, 1, 2])
    expect(grown(builder, [one, other, other, one])).toEqual([full, full, 2, full])
    expect(grown(builder, [one, [one], one]).slice(2)).toEqual([full])
    expect(grown(builder, [one, { [fresh()]: 1 }, one]).slice(2)).toEqual([full])
  })

  it('keeps what it had where the next one does not fit, and is full then', () => {
    const name = fresh()
    const item = { [name]: 1 }
    const full = 3 + 1 + 1 + name.length + 1
    for (const [limit, count] of [
      [HEAD + full + 16, 8],
      [HEAD + full + 17, 8],
      [HEAD + full + 15, 0],
      [HEAD + 3, 0],
    ] as const) {
      const builder = new ParcelBuilder(limit)
      for (let time = 0; time < 3; time++) {
        builder.clear()
        let added = 0
        while (added < 100 && builder.add(item, AT + added)) added++
        expect(builder.add(1, AT)).toBe(false)
        expect([builder.count, builder.at]).toEqual([added, AT])
        const values = added > 0 ? unpackParcel(builder.bytes().subarray(0, builder.length)) : []
        expect(values.map(({ value }) => value)).toEqual(Array.from({ length: added }, () => item))
        expect(added >= Math.min(1, count)).toBe(true)
      }
    }
  })

  it('has room for small ones after one whose names alone are too much', () => {
    const builder = new ParcelBuilder(4096)
    const long = { ['x'.repeat(5000)]: 1 }
    const small = { [fresh()]: 1 }
    for (let time = 0; time < 3; time++) {
      builder.clear()
      expect(builder.add(long, AT)).toBe(false)
      builder.clear()
      expect(builder.add(small, AT)).toBe(true)
    }
    expect(grown(builder, [small, small])[1]).toBe(2)
  })

  it('takes its last value out again, and nothing more after that', () => {
    const builder = new ParcelBuilder(4096)
    builder.add({ a: 1 }, AT)
    const length = builder.length
    builder.add({ b: 1 }, AT)
    builder.drop()
    expect([builder.count, builder.length, builder.add(1, AT)]).toEqual([1, length, false])
    expect(unpackParcel(builder.bytes().subarray(0, builder.length)).map(({ value }) => value)).toEqual([{ a: 1 }])
    builder.clear()
    expect([builder.count, builder.length, builder.add(2, AT)]).toEqual([0, HEAD, true])
  })

  it('stays as it was where a value cannot be encoded, and full', () => {
    const builder = new ParcelBuilder(4096)
    builder.add(1, AT)
    expect(() => builder.add({ call: () => 1 }, AT)).toThrow(CodecError)
    expect([builder.count, builder.add(2, AT)]).toEqual([1, false])
    expect(unpackParcel(builder.bytes().subarray(0, builder.length)).map(({ value }) => value)).toEqual([1])
  })
})

it('knows a record by the byte that msgpackr gives the first one', () => {
  expect(encode({ a: 1 })[2]).toBe(RECORD)
})
