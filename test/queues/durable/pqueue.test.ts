import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { QueueEmptyError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { fresh, open, run, scratch } from './help.js'

// What pqueue's own suite asks of a queue in a directory.
describe('as pqueue', () => {
  it('finds an item after it was closed and opened', async () => {
    const path = join(scratch(), 'queue')
    const before = await open(path, { joinable: true })
    await before.put('var1')
    await before.close()
    const queue = await open<string>(path, { joinable: true })
    expect([queue.size, await queue.get()]).toEqual([1, 'var1'])
    queue.taskDone()
  })

  it('finds 1000 items, in order, and takes another one', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<string>(path, { joinable: true })
    await Promise.all(Array.from({ length: 1000 }, (_, i) => before.put(`var${i}`)))
    await before.close()
    const queue = await open<string>(path, { joinable: true })
    expect(queue.size).toBe(1000)
    for (let i = 0; i < 1000; i++) {
      expect(await queue.get()).toBe(`var${i}`)
      queue.taskDone()
    }
    expect(() => queue.getNowait()).toThrow(QueueEmptyError)
    await queue.put('foobar')
    expect(await queue.get()).toBe('foobar')
  })

  it('leaves out what a crash half wrote', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<string>(path, { joinable: true })
    await before.putBatch(Array.from({ length: 100 }, (_, i) => `var${i}`))
    await before.close()
    // Pages behind the last one that counts are those of a transaction that was never committed.
    appendFileSync(join(path, 'items-0.mdb'), '文字化け'.repeat(1000))
    const queue = await open<string>(path, { joinable: true })
    expect(queue.size).toBe(100)
    for (let i = 0; i < 100; i++) {
      expect(await queue.get()).toBe(`var${i}`)
      queue.taskDone()
    }
    expect(() => queue.getNowait()).toThrow(QueueEmptyError)
  })

  it('reads and writes at random', async () => {
    const queue = await fresh<number>({ joinable: true, durability: 'async' })
    const model: number[] = []
    for (let i = 0; i < 1000; i++) {
      if (Math.random() >= 0.5) {
        await queue.put(i)
        model.push(i)
      } else if (model.length === 0) expect(() => queue.getNowait()).toThrow(QueueEmptyError)
      else {
        expect(queue.getNowait()).toBe(model.shift())
        queue.taskDone()
      }
      expect(queue.size).toBe(model.length)
    }
  })

  it('serves a producer and a consumer at once', async () => {
    const queue = await fresh<number>({ joinable: true, capacity: 50 })
    const items = Array.from({ length: 1000 }, (_, i) => i)
    const seen: number[] = []
    const consumed = (async () => {
      while (seen.length < items.length) {
        seen.push(await queue.get())
        queue.taskDone()
      }
    })()
    for (let i = 0; i < items.length; i += 10) await Promise.all(items.slice(i, i + 10).map(item => queue.put(item)))
    await consumed
    expect(seen).toEqual(items)
    expect(() => queue.getNowait()).toThrow(QueueEmptyError)
  })

  it('serves two producers and two consumers in processes of their own', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path, { capacity: 100 })
    const producers = ['a', 'b'].map(name => run('durable-user.js', 'produce', path, name, '500'))
    const consumers = ['c', 'd'].map(() => run('durable-user.js', 'consume', path))
    expect(await Promise.all(producers.map(({ ended }) => ended))).toEqual([0, 0])
    await queue.shutdown()
    const seen = await Promise.all(consumers.map(async ({ line }) => JSON.parse(await line()) as string[]))
    expect(await Promise.all(consumers.map(({ ended }) => ended))).toEqual([0, 0])
    for (const items of seen) {
      for (const name of ['a', 'b']) {
        const places = items.filter(item => item.startsWith(name)).map(item => Number(item.slice(2)))
        expect(places).toEqual([...places].sort((x, y) => x - y))
      }
    }
    expect(new Set(seen.flat()).size).toBe(1000)
    expect(seen.flat().length).toBe(1000)
  })

  it('is read, written, opened, closed and left undone at random by four processes at once, and loses and doubles nothing', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path, { joinable: true })
    const users = ['a', 'b', 'c', 'd'].map(name => run('durable-user.js', 'atRandom', path, name, '400'))
    const said = await Promise.all(users.map(async ({ line }) => JSON.parse(await line()) as Record<string, string[]>))
    expect(await Promise.all(users.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
    const put = said.flatMap(user => user.put ?? [])
    const done = said.flatMap(user => user.done ?? [])
    expect(queue.size).toBe(put.length - done.length)
    for (let left = queue.size; left > 0; left--) {
      done.push(await queue.get())
      queue.taskDone()
    }
    expect(done.sort()).toEqual(put.sort())
    expect(put.length).toBeGreaterThan(500)
  })

  it('goes on behind a record of which nothing can be read [P10]', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<string>(path)
    await before.putBatch(['a', 'b'])
    await before.put('c')
    await before.close()
    spoil(path)
    const queue = await open<string>(path)
    expect(await queue.get()).toBe('c')
    await queue.put('d')
    expect(await queue.get()).toBe('d')
    await expect.poll(() => queue.size).toBe(0)
    await queue.close()
    const again = await open<string>(path)
    expect([again.size, (await again.stat()).leased]).toEqual([0, 0])
  })

  it('hands out again, in order, what was pulled and not done [P9]', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<number>(path, { joinable: true })
    const items = Array.from({ length: 15 }, (_, i) => i)
    await before.putBatch(items)
    for (let i = 0; i < 11; i++) await before.get()
    await before.put(15)
    await before.close()
    const queue = await open<number>(path, { joinable: true })
    expect(queue.size).toBe(16)
    for (let i = 0; i < 11; i++) {
      expect(await queue.get()).toBe(i)
      queue.taskDone()
    }
    expect(queue.size).toBe(5)
  })
})

/** Damages the first record. */
function spoil(path: string): void {
  const { open: openEnvironment } = createRequire(import.meta.url)('lmdb') as typeof import('lmdb')
  const tables = { encoding: 'binary', keyEncoding: 'binary' } as const
  const root = openEnvironment<Buffer, Buffer>({ path: join(path, 'items-0.mdb'), overlappingSync: false, ...tables })
  const items = root.openDB<Buffer, Buffer>({ name: 'items', ...tables })
  root.transactionSync(() => {
    const [first] = items.getRange({ limit: 1 })
    if (first) items.put(first.key, Buffer.concat([first.value.subarray(0, 24), Buffer.from('garbage')]))
  })
  void root.close()
}
