import { execFile } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { CodecError, fromFile, fromProcess, fromReadable, toFile, toWritable } from 'queuelink'
import { from, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { type Decoder, NONE } from '#src/io/decoder'
import { FrameDecoder } from '#src/io/frame-decoder'
import { encodeFrame } from '#src/io/frames'
import { outcome, workDir } from './help.js'

const dir = workDir()
const path = (): string => join(dir(), 'frames')
const as = 'frames'

const RICH: unknown[] = [
  ...[undefined, null, 0, Number.NaN, '', 'é€😀\n\0', 12n ** 30n, -5n, true],
  ...[new Date(5), new Map<unknown, unknown>([[{ a: 1 }, [new Set([1, 'x'])]]]), { deep: { er: [undefined, null] } }],
  ...[new Uint8Array([0, 255]), new Float64Array([1.5, -2]), new BigInt64Array([3n])],
  ...[Array.from({ length: 300 }, (_, i) => ({ i })), 'x'.repeat(70_000), Buffer.alloc(700_000, 7).toString('latin1')],
]

function head(length: number, rest = ''): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return Buffer.concat([bytes, Buffer.from(rest)])
}

async function write(values: unknown[], o: object = {}): Promise<void> {
  const sink = toFile(path(), { as, ...o })
  from(values).subscribe(sink)
  await sink.done
}

async function values(o: object = {}): Promise<unknown[]> {
  const { values, error } = await outcome(fromFile(path(), { as, ...o }))
  if (error !== undefined) throw error
  return values
}

/** What comes of the pieces, each lent only until the next one. */
function decode(
  pieces: Buffer[],
  decoder: Decoder<unknown> = new FrameDecoder(),
): { values: unknown[]; taken: number } {
  const decoded = { values: [] as unknown[], taken: 0 }
  const drain = (): void => {
    for (let value = decoder.next(); value !== NONE; value = decoder.next()) {
      decoded.values.push(value)
      decoded.taken += decoder.taken
    }
  }
  for (const piece of pieces) {
    const lent = Buffer.from(piece)
    decoder.write(lent)
    drain()
    lent.fill(0x21)
  }
  decoder.end()
  drain()
  return decoded
}

function cut(bytes: Buffer, at: number[]): Buffer[] {
  const places = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

const cuts = fc.array(fc.nat(), { maxLength: 30 })
const anything = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, withTypedArray: true })

describe('frames', () => {
  it('E10: any values in any chunks come back, and every byte is accounted for', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), cuts, (items, at) => {
        const frames = items.map(item => encodeFrame(item))
        const bytes = Buffer.concat(frames)
        const whole = decode([bytes])
        const { values, taken } = decode(cut(bytes, at))
        expect(values).toEqual(whole.values)
        expect(values).toHaveLength(items.length)
        expect(taken).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })

  it('E11: any bytes are values or a CodecError, never anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 4 }), cuts, (parts, at) => {
        const bytes = Buffer.concat(parts.flatMap(part => [head(part.length), part]).concat(parts[0] ?? []))
        try {
          decode(cut(bytes, at))
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          expect((error as Error).message).toMatch(/the frame at byte \d+/)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('E10: Map, Set, Date, BigInt, typed arrays and large values survive files, streams and processes', async () => {
    await write(RICH)
    expect(await values()).toEqual(RICH)
    const stream = new PassThrough()
    const sink = toWritable(stream, { as })
    from(RICH).subscribe(sink)
    expect(await outcome(fromReadable(stream, { as }))).toEqual({ values: RICH })
    const cat = fromProcess('cat', [], { as })
    from(RICH).subscribe(cat.stdin)
    expect(await outcome(cat.stdout)).toEqual({ values: RICH })
  })

  it('E10: the file is lengths, big-endian, and MessagePack', async () => {
    await write([7, 'hi'])
    expect([...readFileSync(path())]).toEqual([0, 0, 0, 1, 7, 0, 0, 0, 3, 0xa2, 0x68, 0x69])
    await write([null], { append: true })
    expect(await values()).toEqual([7, 'hi', null])
    expect(await values({ start: 5 })).toEqual(['hi', null])
  })

  it.each([
    ['a length over 256 MiB', head(256 * 1024 * 1024 + 1), /the frame at byte 5 claims 268435457 bytes/],
    ['a length of 0', head(0), /the frame at byte 5: .*Unexpected end/],
    ['bytes that are no MessagePack', head(3, '\xc1\xc1'), /the frame at byte 5: /],
    ['more bytes than a value', head(2, '\x01\x02'), /the frame at byte 5: /],
    [
      'an array that claims more than there is',
      Buffer.from([0, 0, 0, 5, 0xdd, 255, 255, 255, 255]),
      /the frame at byte 5: /,
    ],
    ['half a head', Buffer.from([0, 0]), /the input ends 2 bytes into the frame at byte 5/],
    ['half a body', head(9, 'abc'), /the input ends 7 bytes of 13 into the frame at byte 5/],
  ])('E11: %s is a CodecError that says where, after the whole frames', async (_, tail, message) => {
    writeFileSync(path(), Buffer.concat([encodeFrame(1), tail]))
    const { values, error } = await outcome(fromFile(path(), { as }))
    expect(values).toEqual([1])
    expect(error).toBeInstanceOf(CodecError)
    expect((error as Error).message).toMatch(message)
    const later = await outcome(fromFile(path(), { as, start: 5 }))
    expect((later.error as Error).message).toMatch(message)
  })

  it('E11: a stream that fails within a frame tells its own error', async () => {
    const stream = new PassThrough()
    const ended = outcome(fromReadable(stream, { as }))
    stream.write(Buffer.concat([encodeFrame('whole'), head(9, 'ab')]))
    setTimeout(() => stream.destroy(new Error('torn')), 10)
    expect(await ended).toMatchObject({ values: ['whole'], error: { code: 'ERR_STREAM' } })
  })

  it('E11: room is made for what came, not for what a length claims', () => {
    const before = process.memoryUsage()
    const decoders = Array.from({ length: 100 }, () => new FrameDecoder())
    for (const decoder of decoders) {
      decoder.write(head(256 * 1024 * 1024, 'some'))
      expect(decoder.next()).toBe(NONE)
    }
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(10 * 1024 * 1024)
  })

  it('a value of 40 MB that comes in pieces costs time in proportion', async () => {
    const text = 'é€'.repeat(8_000_000)
    const bytes = Buffer.from(encodeFrame(text))
    const pieces = Array.from({ length: Math.ceil(bytes.length / 8192) }, (_, i) =>
      bytes.subarray(i * 8192, (i + 1) * 8192),
    )
    const { values } = await outcome(fromReadable(Readable.from(pieces, { objectMode: false }), { as }))
    expect(values[0] === text).toBe(true)
  })

  it('Q14: what cannot be encoded fails in the call', async () => {
    const sink = toFile(path(), { as })
    of(1, () => {}, 2).subscribe(sink)
    await expect(sink.done).rejects.toThrow(CodecError)
    expect(await values()).toEqual([1])
  })

  it('loads msgpackr only where frames are', async () => {
    const script = fileURLToPath(new URL('../fixtures/io-loads-msgpackr.js', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, path()])
    expect(stdout).toBe('false true\n')
  })
})

describe('toFile with cut', () => {
  it('L31: cuts half a frame off, wherever it was torn', async () => {
    await write([1, 'two', [3]])
    const whole = readFileSync(path())
    const ends = [0, 5, 5 + 8, 5 + 8 + 6]
    expect(whole.length).toBe(ends[3])
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(path(), whole)
      truncateSync(path(), size)
      await write(['next'], { cut: true })
      const kept = ends.filter(end => end <= size).length - 1
      expect(await values()).toEqual([...[1, 'two', [3]].slice(0, kept), 'next'])
    }
  })

  it('L31: looks only at lengths, from the beginning or from a given frame, over any number of blocks', async () => {
    const items = Array.from({ length: 30_000 }, (_, i) => (i % 1000 === 0 ? 'x'.repeat(200_000) : i))
    writeFileSync(path(), Buffer.concat(items.map(item => encodeFrame(item))))
    const { length } = readFileSync(path())
    writeFileSync(path(), head(1000, 'torn'), { flag: 'a' })
    await write(['next'], { cut: true })
    expect(await values()).toEqual([...items, 'next'])
    writeFileSync(path(), head(1000, 'torn'), { flag: 'a' })
    await write(['again'], { cut: length })
    expect((await values()).slice(-2)).toEqual(['next', 'again'])
    await write(['end'], { cut: 10 ** 12 })
    expect((await values()).slice(-2)).toEqual(['again', 'end'])
  })

  it('L31: cuts the zeros that a power loss can leave, and makes a missing file', async () => {
    await write([1], { cut: true })
    writeFileSync(path(), Buffer.alloc(200_000), { flag: 'a' })
    await write([2], { cut: 0 })
    expect(await values()).toEqual([1, 2])
  })

  it.each([
    ['is no frames at all', 'a line of text\n'],
    ['has zeros within', `\0\0\0\x01\x01${'\0'.repeat(10)}more`],
  ])('E11: refuses a file that %s, and leaves it alone', async (_, content) => {
    writeFileSync(path(), content)
    await expect(write([1], { cut: true })).rejects.toThrow(CodecError)
    expect(readFileSync(path(), 'utf8')).toBe(content)
  })

  it.each([-1, 1.5, Number.NaN])('Q16.4: refuses cut: %j', cut => {
    expect(() => toFile(path(), { as, cut })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
