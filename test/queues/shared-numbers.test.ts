import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Arena } from '#src/os/arena'
import { bodyBytes, dueOffset, geometryOf, returnedOffset, ringOffset } from '#src/queues/shared/geometry'
import { listSharedQueues } from '#src/queues/shared/list-shared-queues'
import { recordBytes } from '#src/queues/shared/records'
import { arenaOptions, viewsOf } from '#src/queues/shared/shared-arena'
import { checkMode, type SharedQueueOptions, sizesOf } from '#src/queues/shared/shared-options'
import { codeThrown } from './help.js'
import { turn } from './shared/stores.js'
import { Table } from './shared/table.js'
import { open } from './shared/users.js'

const UNSAID = { capacity: undefined, bytes: undefined, itemSize: undefined }

describe('the sizes of a shared queue', () => {
  it('are whole numbers between their limits, or left out (Q16.4)', () => {
    const refused = (o: SharedQueueOptions<never>) => codeThrown(() => sizesOf(o))
    const limits = { capacity: [1, 2 ** 22], bytes: [4096, 2 ** 31], itemSize: [1, 2 ** 31] }
    for (const [option, [least = 0, most = 0]] of Object.entries(limits)) {
      for (const good of [least, most, undefined]) {
        const o = { [option]: good }
        expect([o, sizesOf(o)]).toEqual([o, { ...UNSAID, ...o }])
      }
      for (const bad of [least - 1, most + 1, least + 0.5, '8000' as never, Number.NaN]) {
        expect([bad, refused({ [option]: bad })]).toEqual([bad, 'ERR_OPTION'])
      }
    }
  })

  it('go with a mode: open, which is the default, create or attach', () => {
    expect([undefined, 'open', 'create', 'attach'].map(checkMode)).toEqual(['open', 'open', 'create', 'attach'])
    for (const mode of ['', 'close', null, 1]) expect(codeThrown(() => checkMode(mode))).toBe('ERR_OPTION')
  })

  it('lay out the memory as docs/shared-memory-layout.md draws it', () => {
    expect([1, 2, 3, 4, 5, 1024].map(capacity => geometryOf(capacity, 4096).slots)).toEqual([2, 4, 8, 8, 16, 2048])
    expect([1, 4096, 4097].map(bytes => geometryOf(1, bytes).ringBytes)).toEqual([4096, 4096, 8192])
    for (const capacity of [1, 3, 1024]) {
      const geometry = geometryOf(capacity, 4096)
      const { slots } = geometry
      const due = 512 + 16 * slots
      const back = due + 8 * slots
      const ring = Math.ceil((back + 4 * slots) / 64) * 64
      expect([dueOffset(geometry), returnedOffset(geometry), ringOffset(geometry)]).toEqual([due, back, ring])
      expect(bodyBytes(geometry)).toBe(ring + 4096)
    }
    expect([1, 24, 25, 88, 89].map(recordBytes)).toEqual([64, 64, 128, 128, 192])
  })

  it('are those of the queue that is there, and damaged where they cannot be (P23) (Q16.5)', () => {
    const { numbers = [], bodyBytes: bytes } = arenaOptions('path', 'it', 'open', UNSAID)
    expect([...numbers]).toEqual([1024, 2048, 16 * 1024 * 1024, 65_536])
    const small = arenaOptions('path', 'it', 'open', { capacity: 3, bytes: 5000, itemSize: 7 })
    expect([[...small.numbers], small.bodyBytes]).toEqual([[3, 8, 8192, 7], 512 + 8 * 28 + 32 + 8192])
    expect(bytes).toBe(bodyBytes(geometryOf(1024, 16 * 1024 * 1024)))
    const buffer = new ArrayBuffer(small.bodyBytes)
    const found = (header: readonly number[], length = buffer.byteLength, sizes = {}) => {
      const arena = { header: { numbers: header }, buffer, offset: 0, bytes: length } as unknown as Arena
      return viewsOf(arena, 'it', { ...UNSAID, ...sizes })
    }
    expect(found([3, 8, 8192, 7])).toMatchObject({
      itemSize: 7,
      views: { geometry: { capacity: 3, slots: 8, ringBytes: 8192 } },
    })
    for (const header of [[0, 8, 8192, 7], [3, 16, 8192, 7], [3, 8, 8191, 7], [3, 8, 8192, 0], [-3, 8, 8192, 7], []]) {
      expect(codeThrown(() => found(header))).toBe('ERR_DAMAGED')
    }
    expect(codeThrown(() => found([0, 0, 8192, 7], 512 + 8192))).toBe('ERR_DAMAGED')
    expect(codeThrown(() => found([3, 8, 8192, 7], buffer.byteLength - 64))).toBe('ERR_DAMAGED')
    const same = { capacity: 3, bytes: 5000, itemSize: 7 }
    expect(codeThrown(() => found([3, 8, 8192, 7], undefined, same))).toBe(undefined)
    for (const other of [{ capacity: 2 }, { bytes: 4096 }, { bytes: 8193 }, { itemSize: 8 }]) {
      expect(codeThrown(() => found([3, 8, 8192, 7], undefined, { ...same, ...other }))).toBe('ERR_QUEUE_DIFFERS')
    }
  })
})

describe('what a shared queue tells of itself', () => {
  it('is what it holds, as of now', async () => {
    const queue = await open<string>(undefined, { capacity: 16, bytes: 65_536 })
    expect(await queue.stat()).toMatchObject({
      ...{ bytes: 0, byteCapacity: 57_344, utilisation: 0, puts: 0, settled: 0, participants: 1 },
      ...{ waitingToTake: 0, waitingToPut: 0 },
    })
    const empty = await queue.stat()
    expect(['itemBytes' in empty, 'oldestAge' in empty]).toEqual([false, false])
    const other = await open<string>(queue.name)
    await queue.putBatch(['a', 'b', 'c', 'd'])
    await queue.put('e'.repeat(500))
    await (await other.receive()).ack()
    const held = await other.receive()
    await turn()
    const stat = await queue.stat()
    expect(stat).toMatchObject({ size: 3, leased: 1, puts: 5, settled: 1, participants: 2, bytes: 640, itemBytes: 160 })
    expect(stat.utilisation).toBe(4 / 16)
    expect(stat.oldestAge).toBeGreaterThanOrEqual(0)
    await queue.putBatch(Array.from({ length: 10 }, () => 'x'.repeat(3000)))
    const { bytes = 0, utilisation } = await queue.stat()
    expect([bytes > 30_000, utilisation]).toEqual([true, 14 / 16])
    await held.ack()
    await other.getBatch(3)
    await turn()
    const after = await queue.stat()
    expect([after.settled, after.bytes]).toEqual([5, bytes - 640])
    const [put, gets] = [queue.putBatch(Array(16).fill('y')), [other.getBatch(10)]]
    expect((await queue.stat()).waitingToPut).toBe(1)
    await Promise.all([put, ...gets])
    await other.close()
    expect((await queue.stat()).participants).toBe(1)
  })

  it('is full of bytes before it is full of items', async () => {
    const queue = await open<string>(undefined, { capacity: 1000, bytes: 4096 })
    await queue.putBatch(Array.from({ length: 8 }, () => 'x'.repeat(200)))
    const { utilisation, bytes = 0, byteCapacity = 1 } = await queue.stat()
    expect([utilisation, byteCapacity]).toEqual([bytes / byteCapacity, 3584])
  })

  it('lists the queues by name and run', async () => {
    const base = `list-${randomUUID()}`
    for (const [name, runId] of [['b', 'r'], ['b%'], ['b0'], ['c'], ['a'], ['b'], ['b', 'q']] as [string, string?][]) {
      await open(`${base}${name}`, runId === undefined ? {} : { runId })
    }
    // What lies beside a queue is none.
    const kept = await open<string>(`${base}a`)
    await kept.put('x'.repeat(100_000))
    const found = listSharedQueues().filter(({ name }) => name.startsWith(base))
    expect(found).toEqual([
      { name: `${base}a` },
      { name: `${base}b` },
      { name: `${base}b`, runId: 'q' },
      { name: `${base}b`, runId: 'r' },
      { name: `${base}b%` },
      { name: `${base}b0` },
      { name: `${base}c` },
    ])
  })
})

describe('the room in the ring', () => {
  const RING = 4096
  const one = (table: Table, id: number) => table.put([id], 0, 1, 1)

  it('is seven eighths of it, and full until something is taken or settled (Q11.1) (P25)', () => {
    const table = new Table(100, RING)
    const { space } = table.ledger
    expect([space.capacity, space.used, space.isFull, table.ledger.isFull]).toEqual([3584, 0, false, false])
    for (let id = 1; id <= 56; id++) expect(one(table, id)).toBe(true)
    expect([space.used, space.fits(0), space.fits(1), space.isFull]).toEqual([3584, true, false, false])
    expect([one(table, 57), space.isFull, table.ledger.isFull, table.ledger.held]).toEqual([false, true, true, 56])
    const [first, ...others] = table.take(3, 1)
    expect([space.isFull, table.ledger.isFull]).toEqual([false, false])
    // What is leased goes to the head, and no further than once round.
    expect([one(table, 57), space.used, table.idOf(table.ledger.whereabouts(first!.slot).place, 0)]).toEqual([
      false,
      3584,
      1,
    ])
    // Behind what waits to be taken it makes no room.
    expect(table.ack([first!])).toBe(1)
    expect([space.isFull, one(table, 57), space.isFull, space.used]).toEqual([false, false, true, 3584])
    expect(table.ack(table.take(1, 1))).toBe(1)
    expect([space.isFull, one(table, 57), space.used, one(table, 58)]).toEqual([false, true, 3584, false])
    expect(table.ack(others)).toBe(2)
    expect(table.idsOf(table.take(100, 1))).toEqual(Array.from({ length: 53 }, (_, n) => n + 5))
  })

  it('is full of items when it holds as many as its capacity', () => {
    const table = new Table(2, RING)
    const seen = [table.ledger.isFull]
    for (const id of [1, 2]) {
      one(table, id)
      seen.push(table.ledger.isFull)
    }
    const [first] = table.take(1, 1)
    seen.push(table.ledger.isFull)
    table.ack([first!])
    expect([...seen, table.ledger.isFull]).toEqual([false, false, true, true, false])
  })

  it('comes free at the tail, no more of it than is asked for, and up to what waits', () => {
    const table = new Table(100, RING)
    const { space } = table.ledger
    for (let id = 1; id <= 40; id++) one(table, id)
    const grants = table.take(30, 1)
    table.ack(grants.slice(0, 20))
    expect(space.used).toBe(2560)
    space.sweep(1024)
    expect(space.used).toBe(2560)
    space.sweep(1088)
    expect(space.used).toBe(2496)
    space.sweep(3584)
    expect(space.used).toBe(1280)
    const full = new Table(100, RING)
    for (let id = 1; id <= 56; id++) one(full, id)
    full.ack(full.take(30, 1))
    // A quarter of the ring is freed where it costs nothing, and more where it is asked for.
    expect([full.ledger.space.make(64), full.ledger.space.used]).toEqual([true, 2560])
    expect([full.ledger.space.make(1024), full.ledger.space.used]).toEqual([true, 2560])
    expect([full.ledger.space.make(1088), full.ledger.space.used]).toEqual([true, 2496])
    expect([full.ledger.space.make(1984), full.ledger.space.used]).toEqual([false, 1664])
  })

  it('is told to be damaged where a record cannot be as long as it says (P23)', () => {
    for (const length of [-64, -200, 5000, RING]) {
      const table = new Table(100, RING)
      for (let id = 1; id <= 56; id++) one(table, id)
      table.ack(table.take(1, 1))
      table.views.ints[table.views.ringBase / 4] = length
      const { space } = table.ledger
      expect([length, codeThrown(() => space.sweep(9999))]).toEqual([length, 'ERR_DAMAGED'])
      expect([length, codeThrown(() => space.make(64))]).toEqual([length, 'ERR_DAMAGED'])
    }
  })
})
