import { randomUUID } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodecError, durableQueue, link, SpillError, type SyncQueue, sharedQueue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { adopted } from '#src/core/adopted'
import { mailboxOf } from '#src/core/mailbox-of'
import { sharedPath } from '#src/queues/shared/shared-place'
import { failureOf, leavesNothing, range, until, workDirs } from './help.js'

leavesNothing()

const dir = workDirs()
const open: SyncQueue<unknown>[] = []

interface Sizes {
  capacity?: number
  itemSize?: number
}

type Kind = 'shared' | 'durable'

async function queue<T = unknown>(kind: Kind, o: Sizes = {}): Promise<SyncQueue<T>> {
  const made = kind === 'shared' ? await sharedQueue<T>(randomUUID(), o) : await durableQueue<T>(dir(), o)
  open.push(made as SyncQueue<unknown>)
  return made
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.unlink()
})

async function taken<T>(from: SyncQueue<T>, count: number): Promise<T[]> {
  const items: T[] = []
  while (items.length < count) items.push(...(await from.getBatch(count - items.length, { timeout: 15_000 })))
  return items
}

/** `[1000, null, …]`, and two items of an extension that nobody has registered. */
const FOREIGN = Buffer.from([0x94, 0xcb, 0x40, 0x8f, 0x40, 0, 0, 0, 0, 0, 0xc0, 0xd4, 0x55, 1, 0xd4, 0x55, 2])

/** Puts them as they are. */
async function putForeign(to: SyncQueue<unknown>): Promise<void> {
  const { store } = mailboxOf(to)
  expect(store.offer(adopted({ bytes: FOREIGN, count: 2 }, 1000))).toBe(true)
  await until(() => to.size === 2, 'what was put')
}

/** What lies first in a queue, as it is there. */
function firstBytes(of: SyncQueue<unknown>): Uint8Array | undefined {
  return mailboxOf(of).store.take(1, 0, true)[0]?.sealed?.bytes
}

const WAYS: [Kind, Kind[]][] = [
  ['shared', ['shared']],
  ['shared', ['durable']],
  ['durable', ['shared']],
  ['durable', ['durable']],
  ['shared', ['shared', 'durable', 'shared']],
  ['durable', ['durable', 'shared', 'durable']],
]

describe.each(['inline', 'process'] as const)('a link without operators, %s', placement => {
  it.each(WAYS)('[L18] moves what nobody here can decode, from %s to %s', async (from, to) => {
    const source = await queue(from)
    const destinations = await Promise.all(to.map(kind => queue(kind)))
    await putForeign(source)
    const moving = link(source, destinations, { placement })
    await until(() => destinations.every(({ size }) => size === 2), 'two items everywhere')
    expect(await moving.stop()).toMatchObject({ moved: 2, returned: 0 })
    for (const destination of destinations) expect(firstBytes(destination)).toEqual(FOREIGN)
  })
})

describe('what is moved as it is', () => {
  it.each(WAYS)(
    '[L54] keeps headers and the time of its put, and its attempts begin anew: %s to %s',
    async (from, to) => {
      const source = await queue<number>(from)
      const destinations = await Promise.all(to.map(kind => queue<number>(kind)))
      await source.putBatch([1, 2, 3], { headers: { trace: 'x' } })
      // What comes back is no longer a part of its parcel.
      const first = await source.receive()
      await first.nack()
      const moving = link(source, destinations, { placement: 'inline' })
      for (const destination of destinations) {
        for (const n of [2, 3, 1]) {
          const { value, attempt, headers, enqueuedAt } = await destination.receive()
          expect({ value, attempt, headers, enqueuedAt }).toEqual({
            value: n,
            attempt: 1,
            headers: { trace: 'x' },
            enqueuedAt: first.enqueuedAt,
          })
        }
      }
      await moving.stop()
    },
  )

  it('[L11] arrives once where somebody else has taken a part of its parcel, and that part when it comes back', async () => {
    const [source, to] = [await queue<number>('shared'), await queue<number>('shared')]
    await source.putBatch(range(0, 10))
    const [first, second] = [await source.receive(), await source.receive()]
    await source.putBatch(range(10, 20))
    const moving = link(source, to, { placement: 'inline' })
    expect(await taken(to, 18)).toEqual(range(2, 20))
    await first?.ack()
    await second?.nack()
    expect(await taken(to, 1)).toEqual([1])
    expect([source.size, to.size]).toEqual([0, 0])
    expect(await moving.stop()).toMatchObject({ moved: 19, returned: 0 })
  })

  it.each([
    [{ capacity: 4 }, 'has less room than its parcel takes'],
    [{ itemSize: 16 }, 'takes only shorter items'],
  ])('[L18] is decoded for a destination of %j, which %s', async (sizes, _) => {
    for (const kind of ['shared', 'durable'] as const) {
      const [source, to] = [await queue<string>('shared'), await queue<string>(kind, sizes)]
      const items = range(0, 50).map(n => `${n} `.repeat(n))
      await source.putBatch(items)
      const moving = link(source, to, { placement: 'inline' })
      expect(await taken(to, 50)).toEqual(items)
      await moving.stop()
    }
  })

  it('[L18] is decoded where the destination has a schema, wherever the link is placed', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: Number(value) * 2 }),
      },
    } as const
    for (const placement of ['inline', 'process'] as const) {
      const source = await queue<number>('shared')
      const to = await sharedQueue<number>(randomUUID(), { schema })
      open.push(to as SyncQueue<unknown>)
      const raw = await sharedQueue<number>(to.name)
      open.push(raw as SyncQueue<unknown>)
      await source.putBatch([1, 2])
      const moving = link(source, to, { placement })
      expect(await taken(raw, 2)).toEqual([2, 4])
      await moving.stop()
    }
  })

  it('[L39][L34] waits as a whole for room, and goes back as a whole', async () => {
    const [source, to] = [await queue<number>('shared'), await queue<number>('shared', { capacity: 4 })]
    for (const from of [0, 3, 6]) await source.putBatch(range(from, from + 3))
    const moving = link(source, to, { placement: 'inline' })
    await until(() => to.size === 3, 'a parcel')
    const report = await moving.stop({ timeout: 50 })
    expect(report).toMatchObject({ moved: 3, returned: 6, forced: true })
    expect(report.destinations).toMatchObject([{ stored: 3, left: 6, dropped: 0 }])
    expect([...(await taken(to, 3)), ...(await taken(source, 6))]).toEqual(range(0, 9))
  })

  it('[L8][L11] joins destinations in the midst of it, also such as must have it decoded', async () => {
    const [source, one, two] = [
      await queue<number>('shared'),
      await queue<number>('shared'),
      await queue<number>('durable'),
    ]
    const moving = link(source, one, { placement: 'inline' })
    await source.putBatch(range(0, 100))
    expect(await taken(one, 100)).toEqual(range(0, 100))
    await moving.registered(moving.write(two))
    await source.putBatch(range(100, 200))
    for (const queue of [one, two]) expect(await taken(queue, 100)).toEqual(range(100, 200))
    const seen: number[] = []
    await moving.registered(moving.write({ next: (n: number) => void seen.push(n) }))
    await source.putBatch(range(200, 300))
    for (const queue of [one, two]) expect(await taken(queue, 100)).toEqual(range(200, 300))
    expect(seen).toEqual(range(200, 300))
    await moving.stop()
  })

  it('does no harm when it is damaged: readers are told, and what follows goes on', async () => {
    for (const kind of ['shared', 'durable'] as const) {
      const [source, to] = [await queue(kind), await queue('shared')]
      await putForeign(source)
      await source.put('after')
      const moving = link(source, to, { placement: 'inline' })
      await until(() => to.size === 3, 'three items')
      await moving.stop()
      for (const _ of [1, 2]) {
        const error = await failureOf(to.receive())
        expect(error).toBeInstanceOf(CodecError)
      }
      const rest: unknown[] = []
      while (rest.length === 0) rest.push(...(await to.getBatch(3).catch(() => [])))
      expect(rest).toEqual(['after'])
    }
  })

  it('is set aside where its lengths cannot be true, and what follows goes on', async () => {
    const [source, to] = [await queue('durable'), await queue('shared')]
    mailboxOf(source).store.offer(adopted({ bytes: Buffer.from([0xdd, 0x7f, 0xff, 0xff, 0xff]), count: 1 }, 1000))
    await source.put('after')
    const moving = link(source, to, { placement: 'inline' })
    expect(await taken(to, 1)).toEqual(['after'])
    await moving.stop()
    await until(() => source.size === 0, 'its removal')
  })
})

describe('a spilled payload', () => {
  const LARGE = 'large '.repeat(40_000)

  function filesOf<T>(queue: SyncQueue<T>): string[] {
    const { kind, name, path } = queue.descriptor() as { kind: string; name: string; path: string }
    const folder = kind === 'shared' ? `${sharedPath(name)}.spill` : join(path, 'payloads')
    return readdirSync(folder).map(file => join(folder, file))
  }

  it('[S2][S3] is not copied: each destination has a hard link of its own, which goes when it is read', async () => {
    const source = await queue<string>('shared')
    const [one, two, three] = [
      await queue<string>('shared'),
      await queue<string>('shared'),
      await queue<string>('shared'),
    ]
    await source.put(LARGE, { headers: { trace: 'x' } })
    const moving = link(source, [one, two, three], { placement: 'inline' })
    await until(() => [one, two, three].every(({ size }) => size === 1), 'one item everywhere')
    await moving.stop()
    expect(filesOf(source)).toEqual([])
    const files = [one, two, three].flatMap(queue => filesOf(queue))
    expect(new Set(files.map(file => statSync(file).ino)).size).toBe(1)
    for (const [left, to] of [one, two, three].entries()) {
      expect(statSync(filesOf(to)[0] as string).nlink).toBe(3 - left)
      const delivery = await to.receive()
      expect(delivery.value === LARGE).toBe(true)
      expect(delivery.headers).toEqual({ trace: 'x' })
      await delivery.ack()
      await until(() => filesOf(to).length === 0, 'the removal')
    }
  })

  it.each(WAYS)('[S4] is handed on unread, from %s to %s', async (from, to) => {
    const source = await queue<string>(from)
    const destinations = await Promise.all(to.map(kind => queue<string>(kind)))
    await source.put(LARGE)
    // Whoever reads it would notice.
    writeFileSync(filesOf(source)[0] as string, 'x'.repeat(10))
    const moving = link(source, destinations, { placement: 'process' })
    await until(() => destinations.every(({ size }) => size === 1), 'one item everywhere')
    expect(await moving.stop()).toMatchObject({ moved: 1 })
    for (const destination of destinations) {
      expect(filesOf(destination)).toHaveLength(1)
      expect(await failureOf(destination.receive())).toBeInstanceOf(SpillError)
    }
  })

  it('[S8] that is gone gives its item back', async () => {
    const [source, to] = [await queue<string>('shared'), await queue<string>('shared')]
    await source.put(LARGE)
    const [file = ''] = filesOf(source)
    writeFileSync(`${file}.other`, '')
    const { rmSync } = await import('node:fs')
    rmSync(file)
    const moving = link(source, to, { placement: 'inline' })
    expect(await failureOf(moving.done)).toBeInstanceOf(SpillError)
    expect([await source.stat(), to.size]).toMatchObject([{ leased: 0 }, 0])
  })
})
