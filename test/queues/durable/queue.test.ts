import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type DurableQueue, openQueue, type SyncQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { mailboxOf } from '#src/core/mailbox-of'
import { processMark } from '#src/os/process-mark'
import { codeOf, codeThrown } from '../help.js'
import { afterwards, fresh, open, scratch } from './help.js'

describe('a durable queue', () => {
  it('is opened by what its descriptor says, as its first opener did [Q16.5]', async () => {
    const path = join(scratch(), 'queue')
    const plain = await open<number>(path)
    expect(plain.descriptor()).toStrictEqual({ kind: 'durable', path })
    await plain.close()
    const queue = await open<number>(path, { joinable: true, durability: 'async' })
    const descriptor = queue.descriptor()
    expect(descriptor).toStrictEqual({ kind: 'durable', path, joinable: true, durability: 'async' })
    await queue.close()
    const again = (await openQueue<number>(descriptor, { maxAttempts: 3 })) as SyncQueue<number>
    afterwards(() => again.close())
    expect(again.descriptor()).toEqual(descriptor)
    // Neither of these can do what the first one did not ask for.
    expect(await codeOf(open(path))).toBe('ERR_OPTION')
    await again.put(1)
    await again.get()
    again.taskDone()
    expect(() => again.taskDone()).toThrow()
  })

  it('is called by its path where it has no other name, and may be named by a URL', async () => {
    const path = join(scratch(), 'a queue')
    const queue = await open<number>(pathToFileURL(path) as unknown as string)
    expect([mailboxOf(queue).name, existsSync(path)]).toEqual([path, true])
    await queue.close()
    const named = await open<number>(path, { name: 'orders' })
    expect(mailboxOf(named).name).toBe('orders')
  })

  it('takes what options say, and refuses what cannot be [Q16.1]', async () => {
    for (const keyTtl of [0, 0.5, 1e9]) await (await fresh({ keyTtl })).close()
    for (const mode of ['open', 'create'] as const) await (await fresh({ mode })).close()
    for (const durability of ['sync', 'async'] as const) await (await fresh({ durability })).close()
    await (await fresh({ capacity: 1, itemSize: 1, maxAttempts: 1 })).close()
    const path = join(scratch(), 'queue')
    for (const o of [
      ...[{ keyTtl: -1 }, { keyTtl: Number.NaN }, { keyTtl: Number.POSITIVE_INFINITY }, { keyTtl: '5' }],
      ...[{ mode: 'make' }, { durability: 'soon' }, { capacity: 0 }, { capacity: 1.5 }],
      ...[{ itemSize: 0 }, { itemSize: 0.5 }, { maxAttempts: 0.5 }],
    ])
      expect([o, await codeOf(open(path, o as never))]).toEqual([o, 'ERR_OPTION'])
    for (const other of ['', 7, undefined, {}]) expect(await codeOf(open(other as string))).toBe('ERR_OPTION')
    expect(existsSync(path)).toBe(false)
  })

  it('remembers its capacity, which belongs to whoever named it last', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<number>(path, { capacity: 7 })
    await queue.close()
    const again = await open<number>(path)
    expect(again.capacity).toBe(7)
    const other = await open<number>(path, { capacity: 9 })
    expect([again.capacity, other.capacity]).toEqual([9, 9])
    await Promise.all([again.close(), other.close()])
    expect((await open(path)).capacity).toBe(9)
  })

  it('is gone with all that is in it when it is unlinked, also twice', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path)
    await queue.put('x'.repeat(100_000))
    expect(readdirSync(path).sort()).toEqual(expect.arrayContaining(['items-0.mdb', 'leases', 'payloads']))
    await queue.unlink()
    expect(existsSync(path)).toBe(false)
    await queue.unlink()
  })

  it('shows nothing and compacts nothing when it is closed', async () => {
    const queue: DurableQueue<number> = await fresh<number>()
    await queue.putBatch([1, 2])
    const { bytes, participants } = await queue.stat()
    expect([bytes! > 0, participants]).toEqual([true, 1])
    await queue.compact()
    await queue.close()
    expect([codeThrown(() => [...queue.snapshot()]), await codeOf(queue.compact())]).toEqual([
      'ERR_QUEUE_CLOSED',
      'ERR_QUEUE_CLOSED',
    ])
  })

  it('that cannot be opened whole lets go of what was opened', async () => {
    const path = join(scratch(), 'queue')
    await (await open(path)).close()
    // A payload of the dead that cannot be removed.
    const dead = join(path, 'payloads', `${crypto.randomUUID()}.999999999.${processMark()}`)
    mkdirSync(join(path, 'payloads'))
    mkdirSync(dead)
    expect(await codeOf(open(path, { durability: 'async' }))).toMatch(/^ERR_/)
    rmdirSync(dead)
    const queue = await open(path, { durability: 'sync' })
    expect((await queue.stat()).participants).toBe(1)
    await queue.close()
    const leases = join(path, 'leases')
    rmSync(leases)
    mkdirSync(leases)
    expect(await codeOf(open(path, { durability: 'async' }))).toBeDefined()
    rmdirSync(leases)
    await (await open(path, { durability: 'sync' })).close()
  })
})
