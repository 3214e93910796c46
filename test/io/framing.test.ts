import fc from 'fast-check'
import { CodecError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { type Decoder, NONE } from '#src/io/decoder'
import type { Format } from '#src/io/format'
import { decoderFor, encoderFor, separatorOf } from '#src/io/framing'

function decode<T>(decoder: Decoder<T>, chunks: Buffer[]): { values: T[]; taken: number } {
  const values: T[] = []
  let taken = 0
  const drain = (): void => {
    for (let value = decoder.next(); value !== NONE; value = decoder.next()) {
      values.push(value)
      taken += decoder.taken
    }
  }
  for (const chunk of chunks) {
    // One buffer serves all reads of a file: what was decoded must not change with it.
    const lent = Buffer.from(chunk)
    decoder.write(lent)
    drain()
    lent.fill(0x21)
  }
  decoder.end()
  drain()
  return { values, taken }
}

function cut(bytes: Buffer, at: number[]): Buffer[] {
  const places = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

function encode(as: Format, values: readonly unknown[]): Buffer {
  const encoder = encoderFor(as)
  return Buffer.concat(values.flatMap(v => [Buffer.from(encoder(v as never) as string), Buffer.from(separatorOf(as))]))
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[\n\r\0aé€😀]{0,30}$/u),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
const cuts = fc.array(fc.nat(), { maxLength: 30 })

function linesOf(whole: string): string[] {
  const lines = whole.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

describe('lines', () => {
  it('E1, E2: any text in any chunks gives the same lines, and every byte is accounted for', () => {
    fc.assert(
      fc.property(text, cuts, (whole, at) => {
        const bytes = Buffer.from(whole)
        const { values, taken } = decode(decoderFor('lines'), cut(bytes, at))
        expect(values).toEqual(linesOf(bytes.toString()))
        expect(taken).toBe(bytes.length)
      }),
      { numRuns: 1000 },
    )
  })

  it('any bytes in any chunks give the lines that Node makes of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), cuts, (array, at) => {
        const bytes = Buffer.from(array)
        const { values, taken } = decode(decoderFor('lines'), cut(bytes, at))
        expect(values).toEqual(linesOf(bytes.toString()))
        expect(taken).toBe(bytes.length)
      }),
      { numRuns: 1000 },
    )
  })

  it('what is encoded is decoded again, in any chunks', () => {
    const line = text.filter(t => !t.includes('\n') && !/\p{Surrogate}/u.test(t))
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, at) => {
        expect(decode(decoderFor('lines'), cut(encode('lines', lines), at)).values).toEqual(lines)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\n', ['a', '']],
    ['a\r\nb\r', ['a\r', 'b\r']],
    ['\0\n\0\0', ['\0', '\0\0']],
    ['\uFEFFa', ['\uFEFFa']],
    ['\u2028\u0085\v\n', ['\u2028\u0085\v']],
  ])('cuts %j at line feeds only', (whole, lines) => {
    expect(decode(decoderFor('lines'), [Buffer.from(whole)]).values).toEqual(lines)
  })

  it('E2: keeps a character together that comes byte by byte', () => {
    const bytes = Buffer.from('😀é€\n😀')
    expect(decode(decoderFor('lines'), cut(bytes, [...bytes.keys()])).values).toEqual(['😀é€', '😀'])
  })

  it('joins a line of 50 MB that comes in 8 KiB pieces', () => {
    const piece = Buffer.from('é'.repeat(4096))
    const { values, taken } = decode(decoderFor('lines'), [...new Array(6400).fill(piece), Buffer.from('\nx')])
    expect(values.map(v => v.length)).toEqual([6400 * 4096, 1])
    expect(taken).toBe(6400 * 8192 + 2)
  })

  it.each([
    ['a line feed in text', 'a\nb'],
    ['a line feed in bytes', Buffer.from('a\nb')],
    ['half a surrogate pair', '\ud800'],
    ['a number', 1],
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
  ])('refuses %s with a CodecError', (_, value) => {
    expect(() => encoderFor('lines')(value as string)).toThrow(CodecError)
  })
})

describe('json', () => {
  it('what is encoded is decoded again, in any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), cuts, (values, at) => {
        const plain = JSON.parse(JSON.stringify(values))
        const bytes = encode('json', plain)
        const decoded = decode(decoderFor('json'), cut(bytes, at))
        expect(decoded.values).toEqual(plain)
        expect(decoded.taken).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })

  it('E12: skips blank lines, and counts their bytes to the value that follows', () => {
    const decoder = decoderFor('json')
    decoder.write(Buffer.from('\n \r\n1\n\n2'))
    expect([decoder.next(), decoder.taken, decoder.next()]).toEqual([1, 6, NONE])
    decoder.end()
    expect([decoder.next(), decoder.taken, decoder.next()]).toEqual([2, 2, NONE])
  })

  it('E12: tells where a line is that is not JSON', () => {
    const decoder = decoderFor('json')
    decoder.write(Buffer.from('{"a":1}\nnope\n'))
    expect(decoder.next()).toEqual({ a: 1 })
    expect(() => decoder.next()).toThrow(/8 bytes into the input is not JSON.*nope/)
  })

  it.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a BigInt', 1n],
    [
      'a circle',
      (() => {
        const a: { a?: unknown } = {}
        a.a = a
        return a
      })(),
    ],
  ])('refuses %s with a CodecError', (_, value) => {
    expect(() => encoderFor('json')(value)).toThrow(CodecError)
  })
})

describe('bytes', () => {
  it('passes on what comes, and encodes a copy', () => {
    const chunks = [Buffer.from([0, 255, 10]), Buffer.from([1])]
    const decoder = decoderFor('bytes')
    const values: unknown[] = []
    for (const chunk of chunks) {
      decoder.write(chunk)
      values.push(decoder.next(), decoder.taken, decoder.next())
    }
    expect(values).toEqual([chunks[0], 3, NONE, chunks[1], 1, NONE])
    const mine = new Uint8Array([1, 2])
    const encoded = encoderFor('bytes')(mine)
    mine.fill(9)
    expect([...(encoded as Uint8Array)]).toEqual([1, 2])
  })
})
