import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Entry } from '#src/core/entry'
import { packParcel, packValues } from '#src/core/parcel-codec'
import { SpillFolder } from '#src/core/spill-folder'
import { geometryOf } from '#src/queues/shared/geometry'
import { Sealing } from '#src/queues/shared/sealing'
import { fileName, queueOfFile } from '#src/queues/shared/shared-place'
import { codeThrown } from './help.js'
import { Handles, offer, turn } from './shared/stores.js'
import { Table } from './shared/table.js'

let handles: Handles<unknown> | undefined
afterEach(() => handles?.remove())

describe('a record of the ring', () => {
  const numbers = fc.record({
    place: fc.nat(63),
    length: fc.oneof(fc.integer({ min: 1, max: 140 }), fc.integer({ min: 1, max: 600 })),
    tail: fc.nat(9),
    way: fc.nat(3),
    at: fc.nat(20),
    to: fc.nat(63),
  })

  it('holds its bytes and numbers wherever it lies, and however it is written, copied and read', () => {
    const { views, ledger } = new Table(8, 4096)
    const { records } = ledger
    fc.assert(
      fc.property(numbers, ({ place: grain, length, tail, way, at, to }) => {
        const place = grain * 64
        // What stands behind the parcel in its buffer is none of its own.
        const bytes = Buffer.from(new Uint8Array(randomBytes((((length + 3) >> 2) << 2) + 4 * tail)))
        const copy = Buffer.from(bytes)
        const own = new Uint8Array(copy.buffer.slice(copy.byteOffset, copy.byteOffset + copy.length))
        // The words may end before the last bytes do.
        const words = way % 2 === 0 ? new Int32Array(own.buffer, 0, way === 0 ? undefined : length >> 2) : undefined
        views.bytes.fill(0x55, views.ringBase)
        records.writeHeader(place, length, 3, 5, 700, 1e12 + length, 2e12 + length, way > 1)
        records.writeParcel(place, own, length, words)
        const wanted = [...bytes.subarray(0, length)]
        const read = (from: number): void => {
          expect([records.length(from), records.count(from), records.span(from), records.first(from)]).toEqual([
            ...[length, 3, 5, 700],
          ])
          expect([records.due(from), records.putAt(from), records.isFile(from)]).toEqual([
            ...[1e12 + length, 2e12 + length, way > 1],
          ])
          expect([...records.readParcel(from)]).toEqual(wanted)
          const target = Buffer.from(new Uint8Array(1024).fill(7).buffer)
          expect(records.copyParcel(from, target, at * 4, new Int32Array(target.buffer))).toBe(at * 4 + length)
          expect([...target.subarray(at * 4, at * 4 + length)]).toEqual(wanted)
          expect(target.subarray(0, at * 4).every(byte => byte === 7)).toBe(true)
          target.fill(7)
          expect(records.copyParcel(from, target, at)).toBe(at + length)
          expect([...target.subarray(at, at + length)]).toEqual(wanted)
          expect(
            [target.subarray(0, at), target.subarray(at + length)].every(part => part.every(byte => byte === 7)),
          ).toBe(true)
        }
        read(place)
        // Nothing is written beyond the record, by grains.
        const grains = Math.ceil((40 + length) / 64)
        for (let other = grains; other < 64; other++) {
          const start = views.ringBase + ((place + other * 64) % 4096)
          expect(views.bytes.subarray(start, start + 64).every(byte => byte === 0x55)).toBe(true)
        }
        const far = (to * 64) % 4096
        const distance = (far - place + 4096) % 4096
        if (distance < grains * 64 || 4096 - distance < grains * 64) return
        records.copy(place, far)
        read(far)
        read(place)
      }),
      { numRuns: 150 },
    )
  })
})

describe('what a shared queue seals', () => {
  const folder = new SpillFolder('/nowhere/at/all')
  const sealing = (itemSize: number, bytes = 65_536) => new Sealing('q', itemSize, geometryOf(8, bytes), folder)
  const entryOf = (value: unknown) => new Entry(value, 5)
  const seal = (of: Sealing, ...values: unknown[]) => {
    const entries = values.map(entryOf)
    of.seal(entries)
    return entries
  }

  it('is as large as an eighth of the ring at the most, and seven eighths together [Q12.4] [P25]', () => {
    // A header of a key that long leaves no room for anything else; what is not the item itself does not spill.
    const withKey = (length: number) => [new Entry(1, 5, 0, 0, undefined, 'k'.repeat(length))]
    const of = sealing(100_000)
    const over = packParcel(withKey(8000)).bytes.length - 8000
    const most = 65_536 / 8 - 40 - over
    expect(codeThrown(() => of.seal(withKey(most)))).toBe(undefined)
    expect(codeThrown(() => of.seal(withKey(most + 1)))).toBe('ERR_ITEM_TOO_LARGE')
    // Records of 4096 bytes: 14 of them are seven eighths.
    const item = Buffer.alloc(4096 - 40 - packParcel([entryOf(Buffer.alloc(4000))]).bytes.length + 4000)
    const alone = sealing(4096)
    expect(codeThrown(() => seal(alone, ...Array(14).fill(item)))).toBe(undefined)
    expect(codeThrown(() => seal(alone, ...Array(15).fill(item)))).toBe('ERR_ITEM_TOO_LARGE')
    expect(codeThrown(() => seal(alone, ...Array(14).fill(item), 1))).toBe('ERR_ITEM_TOO_LARGE')
  })

  it('says of each entry how many bytes it takes, and gives its parcel to the first', () => {
    const entries = seal(sealing(1000), 1, 2, 'three')
    const [first] = entries
    const length = first?.parcel?.bytes.length as number
    expect(entries.map(({ bytes }) => bytes)).toEqual(Array(3).fill(Math.ceil(length / 3)))
    expect(entries.map(({ parcel }) => parcel?.count)).toEqual([3, undefined, undefined])
    const many = seal(sealing(1000, 1 << 20), ...Array.from({ length: 300 }, (_, n) => n))
    expect(many.flatMap(({ parcel }) => parcel?.count ?? [])).toEqual([256, 44])
    expect([many[0]?.parcel?.count, many[256]?.parcel?.count]).toEqual([256, 44])
  })

  it('spills what is above itemSize, and never more than a sixteenth of the ring [S1]', () => {
    const payloads = (itemSize: number, length: number) => {
      const [entry] = seal(sealing(itemSize), Buffer.alloc(length))
      return (entry?.parcel as { payloads?: readonly unknown[] } | undefined)?.payloads?.length ?? 0
    }
    expect([payloads(1000, 990), payloads(1000, 1001), payloads(100_000, 4000), payloads(100_000, 4097)]).toEqual([
      0, 1, 0, 1,
    ])
  })

  it('goes into one parcel up to its limit, and in several above', () => {
    const of = sealing(1000)
    expect(of.limit).toBe(1000)
    expect(sealing(1 << 30, 1 << 24).limit).toBe(16_384)
    const values = (length: number) => [Buffer.alloc(length), 1]
    const over = packValues(values(900), 5).bytes.length - 900
    expect(of.sealValues(values(1000 - over), 5)?.length).toBe(2)
    expect(of.sealValues(values(1001 - over), 5)).toBe(undefined)
    // Whoever puts much together goes on so, until he does not.
    expect(of.sealValues([1, 2], 5)).toBe(undefined)
    seal(of, 1, 2)
    expect(of.sealValues([1, 2], 5)?.map(({ enqueuedAt }) => enqueuedAt)).toEqual([5, 5])
    seal(of, ...values(1000 - over))
    expect(of.sealValues([1, 2], 5)?.length).toBe(2)
    seal(of, ...values(1001 - over))
    expect(of.sealValues([1, 2], 5)).toBe(undefined)
    seal(of, 1)
    expect([of.sealValues([1], 5), of.sealValues(Array(257).fill(1), 5)]).toEqual([undefined, undefined])
    expect(of.sealValues(Array(256).fill(1), 5)?.length).toBe(256)
    const parts = seal(of, Buffer.alloc(600), Buffer.alloc(300), Buffer.alloc(600))
    expect(parts.flatMap(({ parcel }) => parcel?.count ?? [])).toEqual([2, 1])
  })

  it('adopts what another queue sealed, up to the size of an item [L18]', () => {
    const of = sealing(1000)
    const parcel = (length: number) => ({ bytes: Buffer.alloc(length), count: 3 })
    expect(of.adopt(parcel(1000), 7)?.map(({ enqueuedAt }) => enqueuedAt)).toEqual([7, 7, 7])
    expect(of.adopt(parcel(1001), 7)).toBe(undefined)
  })
})

describe('what a shared queue takes', () => {
  it('is passed on sealed, whole parcels of it, and opened when a value is asked for [L18] [L54]', async () => {
    handles = new Handles({ itemSize: 1000 })
    const [one, other] = [handles.open(), handles.open()]
    offer(
      one,
      [1, 2, 3].map(value => new Entry<unknown>(value, 100)),
    )
    offer(
      one,
      [4, 5].map(value => new Entry<unknown>(value, 200, 0, 0, { h: `${value}` }, `k${value}`)),
    )
    offer(one, [new Entry<unknown>('L'.repeat(2000), 300, 0, 0, { h: 'large' }, 'kL')])
    const takes = [2, 1, 9].map(max => [...other.store.take(max, 0, true)])
    const leases = takes.flat()
    expect(takes.map(({ length }) => length)).toEqual([3, 2, 1])
    expect(leases.map(({ sealed }) => sealed?.count)).toEqual([3, 3, 3, 2, 2, 1])
    expect(leases.map(({ enqueuedAt }) => enqueuedAt)).toEqual([100, 100, 100, 200, 200, 300])
    const [first, , , fourth, , large] = leases
    const { payload } = large?.sealed ?? {}
    expect(first?.sealed?.payload).toBe(undefined)
    expect(payload?.path.startsWith(`${handles.path}.spill/`)).toBe(true)
    // What is passed on is not spoiled by whoever looks at it.
    const before = Buffer.from(fourth?.sealed?.bytes as Uint8Array)
    expect([fourth?.value, fourth?.headers, fourth?.key]).toEqual([4, { h: '4' }, 'k4'])
    expect(before.equals(fourth?.sealed?.bytes as Uint8Array)).toBe(true)
    expect([large?.value, large?.headers, large?.key]).toEqual(['L'.repeat(2000), { h: 'large' }, 'kL'])

    const adopted = leases.filter(({ sealed }, at) => sealed !== leases[at - 1]?.sealed)
    const next = new Handles<unknown>({ itemSize: 1000 })
    const target = next.open()
    try {
      for (const { sealed, enqueuedAt } of adopted) {
        const entries = target.store.adopt(sealed!, enqueuedAt)!
        expect([entries.length, target.store.offer(entries)]).toEqual([sealed?.count, true])
      }
      for (const lease of leases) other.store.ack(lease)
      await turn()
      const moved = target.store.take(10, 0).map(({ value, enqueuedAt, key }) => [value, enqueuedAt, key])
      expect(moved).toEqual([
        [1, 100, undefined],
        [2, 100, undefined],
        [3, 100, undefined],
        [4, 200, 'k4'],
        [5, 200, 'k5'],
        ['L'.repeat(2000), 300, 'kL'],
      ])
    } finally {
      next.remove()
    }
  })

  it('is refused where it is damaged, by whoever asks for the value, and the others are not [P10] [Q16.7]', () => {
    handles = new Handles()
    const one = handles.open()
    for (const values of [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ])
      offer(
        one,
        values.map(value => new Entry<unknown>(value, 1)),
      )
    const { views, records } = one.store.ledger
    views.bytes.fill(0xc1, views.ringBase + 64 + 40, views.ringBase + 64 + 40 + records.length(64))
    expect(one.store.consume(6, 0)).toBe(undefined)
    const leases = [...one.store.take(6, 0)]
    const codes = leases.map(lease => codeThrown(() => lease.value))
    expect(codes).toEqual([undefined, undefined, 'ERR_CODEC', 'ERR_CODEC', undefined, undefined])
    expect(leases.map(lease => codeThrown(() => lease.headers))).toEqual(codes)
    // It can be asked again, be given back and be settled as any other.
    expect(codeThrown(() => leases[2]?.value)).toBe('ERR_CODEC')
    for (const lease of leases) expect(one.store.giveBack(lease, 0)).toBe(true)
    const sealed = [...one.store.take(6, 0, true)]
    expect(sealed.map(lease => codeThrown(() => lease.value))).toEqual(codes)
    for (const lease of sealed) expect(one.store.ack(lease)).toBe(true)
    expect(one.store.peek(0)).toBe(undefined)
  })

  it('is read when the ring has moved on, whatever its length', async () => {
    handles = new Handles({ bytes: 32_768 })
    const one = handles.open()
    const texts = [3, 130, 139, 140, 141, 300, 900].map(length => 'x'.repeat(length))
    for (let round = 0; round < 60; round++) {
      for (const text of texts)
        offer(
          one,
          [text, round, `${text}y`].map(value => new Entry<unknown>(value, 1)),
        )
      const taken = [...one.store.take(3 * texts.length, 0)]
      for (const lease of taken) one.store.ack(lease)
      expect(taken.map(({ value }) => value)).toEqual(texts.flatMap(text => [text, round, `${text}y`]))
      await turn()
    }
  })

  it('are more bytes than are copied at a time, and more items than are counted at a time', async () => {
    handles = new Handles({ bytes: 1 << 21, capacity: 4096 })
    const one = handles.open()
    const values = Array.from({ length: 1500 }, (_, n) => `${n}${'.'.repeat(n % 200)}`)
    for (let n = 0; n < values.length; n += 5) {
      offer(
        one,
        values.slice(n, n + 5).map(value => new Entry<unknown>(value, 1)),
      )
    }
    expect(one.store.take(1500, 0).map(({ value }) => value)).toEqual(values)
    expect(one.store.leased).toBe(1500)
  })
})

describe('the file of a shared queue', () => {
  it('is named after the queue and its run, and tells both', () => {
    const names = ['a', 'a b', 'a@b', '50%', '%40', '@', 'ä.queue', 'x'.repeat(128)]
    for (const name of names) {
      expect(queueOfFile(fileName(name))).toEqual({ name })
      if (name.length < 100)
        for (const runId of names.slice(0, -1)) expect(queueOfFile(fileName(name, runId))).toEqual({ name, runId })
    }
    expect(new Set(names.slice(0, -1).flatMap(a => names.slice(0, -1).map(b => fileName(a, b)))).size).toBe(49)
    for (const other of ['a', 'a.queues', '.queue', 'a@.queue', 'a@b@c.queue', 'a.queue.bell-1'])
      expect(queueOfFile(other)).toBe(undefined)
    expect(codeThrown(() => fileName(`%${'@'.repeat(53)}`, 'a'))).toBe('ERR_OPTION')
    expect(codeThrown(() => fileName('x'.repeat(80), 'y'.repeat(80)))).toBe('ERR_OPTION')
    expect(codeThrown(() => fileName('x'.repeat(80), 'y'.repeat(79)))).toBe(undefined)
  })
})
