import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseOf, decodeHead, encodeRecord, expiryKey, firstOf, keyOf } from '#src/queues/durable/layout'
import { decodeMeta, encodeMeta, newMeta } from '#src/queues/durable/meta'

const firsts = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(0, -0, 1, -1, 0.5, -0.5))
const bases = fc.oneof(fc.maxSafeNat(), fc.nat(10), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1))

describe('the keys of a durable queue (Q1.3) (Q1.4)', () => {
  it('sort as priorities, or times, and places do', () => {
    fc.assert(
      fc.property(firsts, bases, firsts, bases, (first, base, otherFirst, otherBase) => {
        const order = first - otherFirst || base - otherBase
        const expected = Number.isNaN(order) ? Math.sign(base - otherBase) : Math.sign(order)
        expect(Buffer.compare(keyOf(first, base), keyOf(otherFirst, otherBase))).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('tell both', () => {
    fc.assert(
      fc.property(firsts, bases, (first, base) => {
        const key = keyOf(first, base)
        expect([firstOf(key), baseOf(key)]).toEqual([first === 0 ? 0 : first, base])
      }),
    )
  })

  it('of what may be forgotten sort by when', () => {
    const digest = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.nat(5), digest, fc.nat(5), digest, (time, one, otherTime, other) => {
        const order = Math.sign(time - otherTime) || Buffer.compare(one, other)
        const key = expiryKey(time, one)
        expect([Buffer.compare(key, expiryKey(otherTime, other)), key.subarray(8).equals(one)]).toEqual([order, true])
      }),
    )
  })
})

describe('what stands before a parcel', () => {
  it('comes back as it was written, and of other bytes counts nothing', () => {
    const head = { flags: 3, attempt: 65_535, count: 256, place: 1.7e12 + 0.5, priority: -2.5 }
    const record = encodeRecord(head, Buffer.from('parcel'))
    expect([decodeHead(record), record.subarray(24).toString()]).toEqual([head, 'parcel'])
    expect([decodeHead(record.subarray(0, 24)).count, decodeHead(record.subarray(0, 23)).count]).toEqual([256, 0])
  })
})

describe('what a data file says of itself', () => {
  it('comes back as it was written', () => {
    for (const shut of [true, false]) {
      const meta = { ...newMeta(), items: 3, delayed: 2, next: 2 ** 40, capacity: 7, shut, transaction: 9 }
      expect(decodeMeta(encodeMeta(meta))).toEqual(meta)
    }
    expect(newMeta()).toMatchObject({ items: 0, delayed: 0, next: 1, capacity: Number.POSITIVE_INFINITY, shut: false })
  })

  it('is told from that of other files, and of other layouts (P10)', () => {
    const bytes = encodeMeta(newMeta())
    const other = Buffer.from(bytes)
    other.writeUInt32LE(7, 8)
    const foreign = Buffer.from(bytes)
    foreign[0] = 0
    expect([undefined, Buffer.alloc(0), foreign, bytes.subarray(0, 11)].map(decodeMeta)).toEqual(
      Array(4).fill(undefined),
    )
    expect([decodeMeta(other), decodeMeta(other.subarray(0, 12)), decodeMeta(bytes.subarray(0, 95))]).toEqual([7, 7, 1])
  })
})
