import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writePlain } from '#src/core/plain-value'
import { Texts } from '#src/core/texts'
import { plainValuesReader, recordsReader, type ValuesReader } from '#src/core/values-reader'

const RECORD = 0x40

/** The members of each, one behind the other; the token before all but the first. */
function written(objects: readonly object[]): Buffer {
  const target = Buffer.alloc(8192)
  let end = 0
  for (const [index, object] of objects.entries()) {
    if (index > 0) target[end++] = RECORD
    for (const value of Object.values(object)) end = writePlain(value, target, end)
  }
  return Buffer.from(target.subarray(0, end))
}

/** As they are read where other bytes lie around them. */
function read(reader: ValuesReader, bytes: Buffer, count: number): unknown[] | undefined {
  const around = Buffer.concat([Buffer.from([0x92, 0x40]), bytes, Buffer.from([0x40, 0x01])])
  return reader.read(around, 2, 2 + bytes.length, count)
}

const one = (value: unknown): object[] => [{ value }]
const readerOfOne = (): ValuesReader => recordsReader(['value'], RECORD)

let made = 0
/** A text that no test had before. */
const fresh = (): string => `text ${++made}`

describe('the reader of records', () => {
  it('reads what was written, of every kind', () => {
    const edges = [0x20, 0x40, 0x80, 0x100, 0x8000, 0x10000, 2 ** 31].flatMap(n => [n - 1, n, n + 1, -n, 1 - n])
    const numbers = [0, 0.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1.7e12, ...edges]
    const lists = [[], [1], [null, true, 0.5, undefined, -3, ''], Array.from({ length: 15 }, (_, n) => n * 100)]
    for (const value of [...numbers, ...lists, true, false, null, undefined, '']) {
      expect(read(readerOfOne(), written(one(value)), 1)).toStrictEqual(one(value))
    }
  })

  it('reads what the memory ends with', () => {
    for (const value of [0.5, 300, -70_000, undefined, [1.5, 2.5]]) {
      const bytes = Buffer.from(new Uint8Array(written(one(value))).buffer)
      expect(readerOfOne().read(bytes, 0, bytes.length, 1)).toStrictEqual(one(value))
    }
  })

  it('reads texts that came before', () => {
    for (const value of ['a', 'event', 'x'.repeat(31), '\0', '\x7f', ['a', 'event']]) {
      // Learned by the first.
      read(readerOfOne(), written(one(value)), 1)
      read(readerOfOne(), written(one(value)), 1)
      expect(read(readerOfOne(), written(one(value)), 1)).toStrictEqual(one(value))
    }
  })

  it('reads whatever objects of plain members were written', () => {
    const text = fc.string({ maxLength: 31, unit: 'grapheme-ascii' })
    const single = fc.oneof(fc.integer(), fc.double(), text, fc.boolean(), fc.constantFrom(null, undefined))
    const member = fc.oneof(single, fc.array(single, { maxLength: 15 }))
    const name = fc.string({ maxLength: 20 }).filter(name => name !== '__proto__' && !/^\d+$/.test(name))
    const some = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain(names => {
      const object = fc.tuple(...names.map(() => member)).map(values => names.map((key, n) => [key, values[n]]))
      return fc.array(object.map(Object.fromEntries), { minLength: 1, maxLength: 6 })
    })
    let runs = 0
    let successes = 0
    fc.assert(
      fc.property(some, objects => {
        const bytes = written(objects)
        const names = Object.keys(objects[0])
        let got: unknown[] | undefined
        // Each attempt learns one text at least.
        for (let attempt = 0; attempt < 200 && !got; attempt++)
          got = read(recordsReader(names, RECORD), bytes, objects.length)
        runs++
        // Two of their texts may have the same place.
        if (!got) return
        successes++
        const decoded = objects.map(object => Object.fromEntries(Object.entries(object).map(withoutSign)))
        expect(got).toStrictEqual(decoded)
        expect(got.map(object => Object.keys(object as object))).toEqual(objects.map(Object.keys))
      }),
      { numRuns: 300 },
    )
    expect(successes).toBeGreaterThan(0.8 * runs)
  })

  it('leaves to msgpackr what is written otherwise, and the next 64 parcels too', () => {
    const good = written(one(1))
    const foreign = [
      [0xd9, 0x20, ...Buffer.alloc(32, 0x61)],
      [0xa2, 0xc3, 0xbc],
      [0x91, 0x91, 0x01],
      [0x81, 0xa1, 0x61, 0x01],
      [0x40, 0x01],
      [0x40],
      [0x7f],
      [0xd4, 0x00, 0x01],
      [0xd4, 0x01, 0x00],
      [0xc4, 0x01, 0x01],
      [0xce, 0, 0, 0, 1],
      [0xc1],
    ]
    for (const bytes of foreign) {
      const reader = readerOfOne()
      expect(read(reader, Buffer.from(bytes), 1), String(bytes)).toBe(undefined)
      for (let parcel = 0; parcel < 64; parcel++) expect(read(reader, good, 1)).toBe(undefined)
      for (let parcel = 0; parcel < 3; parcel++) expect(read(reader, good, 1)).toEqual(one(1))
    }
  })

  it('leaves to msgpackr parcels where more than every eighth object brings a new text', () => {
    const objects = (texts: number): object[] => {
      return Array.from({ length: 16 }, (_, n) => ({ value: n < texts ? fresh() : n }))
    }
    for (const [texts, isRead] of [
      [0, true],
      [1, true],
      [2, true],
      [3, false],
      [16, false],
    ] as const) {
      const some = objects(texts)
      expect(read(readerOfOne(), written(some), 16)).toEqual(isRead ? some : undefined)
    }
    expect(read(readerOfOne(), written(one(fresh())), 1)).toBe(undefined)
  })

  it('reads only what ends where the parcel does, and has the token of its records', () => {
    const objects = [{ value: 1.5 }, { value: [300, 'ab'] }, { value: -70_000 }]
    const bytes = written(objects)
    for (let time = 0; time < 2; time++) read(readerOfOne(), bytes, 3)
    expect(read(readerOfOne(), bytes, 3)).toEqual(objects)
    for (let length = 0; length < bytes.length; length++) {
      // Where no memory follows.
      const cut = Buffer.from(new Uint8Array(bytes.subarray(0, length)).buffer)
      expect(readerOfOne().read(cut, 0, length, 3)).toBe(undefined)
      expect(readerOfOne().read(bytes.subarray(0, length), 0, length, 3)).toBe(undefined)
      expect(readerOfOne().read(bytes, 0, length, 3)).toBe(undefined)
    }
    expect(read(readerOfOne(), bytes, 2)).toBe(undefined)
    expect(read(readerOfOne(), Buffer.concat([bytes, Buffer.of(1)]), 3)).toBe(undefined)
    const other = Buffer.from(bytes)
    other[9] = 0x41
    expect(bytes[9]).toBe(RECORD)
    expect(read(readerOfOne(), other, 3)).toBe(undefined)
  })

  it('reads plain values without tokens between them', () => {
    const values = [1, 300, -5, 0.5, true, null, undefined, [1, 2], -40_000]
    const bytes = Buffer.concat(values.map(value => written(one(value))))
    const reader = plainValuesReader()
    expect(reader.read(bytes, 0, bytes.length, values.length)).toStrictEqual(values)
    expect(reader.read(bytes, 0, bytes.length, values.length + 1)).toBe(undefined)
    for (let parcel = 0; parcel < 64; parcel++)
      expect(reader.read(bytes, 0, bytes.length, values.length)).toBe(undefined)
    expect(reader.read(bytes, 0, bytes.length, values.length)).toStrictEqual(values)
  })

  it('is left out where a program may not make code of texts', () => {
    const url = (name: string): string => new URL(`../../dist/src/core/${name}.js`, import.meta.url).href
    const code = `
      const { recordsReader } = await import(${JSON.stringify(url('values-reader'))})
      const { packValues } = await import(${JSON.stringify(url('parcel-codec'))})
      const { openOwnParcel } = await import(${JSON.stringify(url('open-own-parcel'))})
      const read = recordsReader(['a'], 0x40).read(Buffer.of(7), 0, 1, 1)
      const opened = [1, 2, 3, 4].map(n => {
        const { bytes } = packValues([{ a: n }, { a: 'text' }], 5)
        const parcel = openOwnParcel(bytes, 0, bytes.length)
        return [parcel.value(0), parcel.value(1)]
      })
      console.log(JSON.stringify([read ?? null, opened]))`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', code]
    const { stdout, stderr } = spawnSync(process.execPath, flags, {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([null, [1, 2, 3, 4].map(n => [{ a: n }, { a: 'text' }])])
  })
})

/** Zero has none where it is written as a whole number. */
function withoutSign([name, value]: [string, unknown]): [string, unknown] {
  const unsigned = (some: unknown): unknown => (some === 0 ? 0 : some)
  return [name, Array.isArray(value) ? value.map(unsigned) : unsigned(value)]
}

describe('texts that are remembered', () => {
  it('are those of the bytes, whatever came before', () => {
    const texts = new Texts()
    const text = fc.oneof(
      fc.string({ minLength: 1, maxLength: 31, unit: 'grapheme-ascii' }),
      fc.integer({ min: 0, max: 5000 }).map(n => `text ${n}`),
    )
    fc.assert(
      fc.property(fc.array(text, { maxLength: 50 }), many => {
        for (const some of [...many, ...many]) {
          const bytes = Buffer.from(`<${some}>`, 'latin1')
          expect(texts.read(bytes, 1, some.length)).toBe(some)
        }
      }),
    )
  })

  it('are made once', () => {
    const texts = new Texts()
    for (const some of ['a', 'ab', 'a', 'ab', 'b', 'a']) texts.read(Buffer.from(some), 0, some.length)
    expect(texts.made).toBe(3)
  })

  it('are plain', () => {
    const texts = new Texts()
    const plain = Buffer.from('abcdefg')
    texts.read(plain, 0, 7)
    for (let at = 0; at < 7; at++) {
      const other = Buffer.from(plain)
      other[at] = 0xe9
      expect(texts.read(other, 0, 7)).toBe(undefined)
      expect(texts.read(plain, 0, 7)).toBe('abcdefg')
    }
  })
})
