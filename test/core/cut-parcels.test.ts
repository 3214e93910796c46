import { expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { cutParcels } from '#src/core/cut-parcels'
import { Entry } from '#src/core/entry'
import { packParcel, unpackParcel } from '#src/core/parcel-codec'

/** Bytes of a text of so many characters, from 32 on. */
const sizeOf = (length: number): number => encode('x'.repeat(length)).length

function cut(lengths: readonly number[], itemSize: number, limit: number): { lengths: number[]; spilt: boolean }[] {
  const entries = lengths.map(length => new Entry<unknown>('x'.repeat(length), 5))
  const spilt = new Set<unknown>()
  const parts = cutParcels(entries, itemSize, limit, (entry, encoded) => {
    expect(encoded.equals(encode(entry.value))).toBe(true)
    const parcel = packParcel([new Entry('elsewhere', 5)])
    spilt.add(parcel)
    return parcel
  })
  expect(parts.flatMap(({ some }) => some)).toEqual(entries)
  return parts.map(({ some, parcel }) => {
    expect(parcel.count).toBe(some.length)
    if (!spilt.has(parcel))
      expect(unpackParcel(parcel.bytes).map(({ value }) => value)).toEqual(some.map(({ value }) => value))
    return { lengths: some.map(({ value }) => (value as string).length), spilt: spilt.has(parcel) }
  })
}

it('keeps together, in order, what fits the limit, and goes on with the next parcel', () => {
  const size = sizeOf(100)
  expect(cut([100, 100, 100, 100, 100], size, 2 * size)).toEqual([
    { lengths: [100, 100], spilt: false },
    { lengths: [100, 100], spilt: false },
    { lengths: [100], spilt: false },
  ])
  expect(cut([100, 100], size, 2 * size - 1)).toEqual([
    { lengths: [100], spilt: false },
    { lengths: [100], spilt: false },
  ])
  expect(cut([], size, size)).toEqual([])
})

it('lets an item spill that is too large, alone, and those around it stay in order', () => {
  const size = sizeOf(100)
  expect(cut([101, 40, 100, 101, 101, 50], size, 1000)).toEqual([
    { lengths: [101], spilt: true },
    { lengths: [40, 100], spilt: false },
    { lengths: [101], spilt: true },
    { lengths: [101], spilt: true },
    { lengths: [50], spilt: false },
  ])
})
