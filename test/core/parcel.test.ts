import { CodecError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { packParcel, unpackParcel } from '#src/core/parcel-codec'

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
})
