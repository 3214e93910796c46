import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fifoQueue, openQueue, type SyncQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { mailboxOf } from '#src/core/mailbox-of'
import { processMark } from '#src/os/process-mark'
import { codeOf, turns, until } from '../help.js'
import { fresh, open, run, scratch } from './help.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const bytesIn = (path: string): number =>
  readdirSync(path)
    .filter(name => name.endsWith('.mdb'))
    .reduce((sum, name) => sum + statSync(join(path, name)).size, 0)

describe('order', () => {
  it('puts the lowest priority first, and keeps one priority first in, first out (P15)', async () => {
    const queue = await fresh<string>()
    await queue.putBatch(['a', 'b'])
    await queue.put('urgent', { priority: -1 })
    await queue.put('late', { priority: 2.5 })
    await queue.put('c', { priority: 0 })
    await queue.put('urgent too', { priority: -1 })
    const first = await queue.receive()
    await first.nack()
    const items = [first.value]
    await turns()
    while (queue.size > 0) items.push(await queue.get())
    expect(items).toEqual(['urgent', 'urgent', 'urgent too', 'a', 'b', 'c', 'late'])
  })

  it('lets what is put later and comes before pass what was read ahead, and forgets neither (Q1.3)', async () => {
    const queue = await fresh<string>()
    await queue.put('a')
    await queue.put('late', { priority: 1 })
    expect(await queue.get()).toBe('a')
    await queue.put('b')
    expect([await queue.get({ timeout: 2000 }), await queue.get({ timeout: 2000 })]).toEqual(['b', 'late'])
  })

  it('lets a delayed item join the line when it is due, and one given back return to its place', async () => {
    const queue = await fresh<string>()
    await queue.put('back')
    const delivery = await queue.receive()
    await queue.put('first')
    await delivery.nack({ delay: 1 })
    await queue.put('late', { delay: 5 })
    await expect.poll(() => queue.size).toBe(3)
    await queue.put('last')
    expect(await queue.getBatch(4)).toEqual(['back', 'first', 'late', 'last'])
  })

  it('hands over what fell due by its time, and before what has a higher priority number [Q1.7]', async () => {
    const queue = await fresh<string>()
    await queue.put('plain')
    await queue.put('due first', { delay: 1, priority: -1 })
    await queue.put('due second', { delay: 300, priority: -2 })
    await queue.put('due last', { delay: 1, priority: 1 })
    await expect.poll(() => queue.size).toBe(4)
    expect(await queue.getBatch(4)).toEqual(['due first', 'plain', 'due last', 'due second'])
  })

  it('hands over 10,000 delayed items in the order in which they fall due', async () => {
    const queue = await fresh<number>({ durability: 'async' })
    const dues: number[] = []
    const put = (i: number): Promise<void> => {
      const delay = 20 + ((i * 7919) % 400)
      const due = Date.now() + delay
      return queue.put(due, { delay })
    }
    await Promise.all(numbers(10_000).map(put))
    const done = queue.consume(due => {
      dues.push(due)
      expect(Date.now() >= due - 1).toBe(true)
    })
    await queue.shutdown()
    await done
    // An item may be put somewhat after its due time was noted.
    const disorder = dues.filter((due, i) => i > 0 && due < dues[i - 1]! - 100)
    expect([dues.length, disorder]).toEqual([10_000, []])
  })
})

describe('keys', () => {
  it('make a put that repeats another do nothing, and say so (P16)', async () => {
    const queue = await fresh<number>({ keyTtl: 30, capacity: 2 })
    await queue.put(1, { key: 'a' })
    await queue.put(2, { key: 'a' })
    expect([queue.size, queue.metrics().repeated]).toEqual([1, 1])
    await queue.put(3, { key: 'b' })
    expect(queue.isFull).toBe(true)
    expect(await queue.getBatch(2)).toEqual([1, 3])
    await until(() => queue.isEmpty)
    await queue.put(4, { key: 'a' })
    await new Promise(resolve => setTimeout(resolve, 40))
    await queue.put(5, { key: 'a' })
    expect(await queue.get()).toBe(5)
    expect(queue.metrics().repeated).toBe(2)
  })

  it('are known after the queue was opened again, and free at once with keyTtl 0 (P16)', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<number>(path)
    await before.putBatch([1, 2], { key: 'a' })
    await before.close()
    const queue = await open<number>(path, { keyTtl: 0 })
    await queue.put(3, { key: 'a' })
    expect(queue.size).toBe(2)
    await queue.get()
    await queue.put(3, { key: 'a' })
    await queue.get()
    expect([queue.size, queue.metrics().repeated]).toEqual([0, 2])
    await queue.put(4, { key: 'a' })
    expect(await queue.get()).toBe(4)
  })
})

it('stores a numbered put of a client once, also after the queue was opened again', async () => {
  const path = join(scratch(), 'queue')
  const put = async (client: string, ...puts: number[]) => {
    const queue = await open<number>(path)
    const { maker, store } = mailboxOf(queue)
    for (const number of puts) store.offerOnce?.(maker.all([number]), client, number)
    store.storeNow?.()
    const { size } = queue
    await queue.close()
    return size
  }
  expect([await put('a', 1, 2, 2), await put('a', 1, 2, 3), await put('b', 1)]).toEqual([2, 3, 4])
})

describe('large items', () => {
  const large = (letter: string): string => letter.repeat(200_000)

  it('lie in files of their own, which go with them (S1, S5, P5, P12)', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path)
    const files = () => (existsSync(join(path, 'payloads')) ? readdirSync(join(path, 'payloads')).length : 0)
    await queue.putBatch([large('a'), 'small', large('b')])
    queue.putNowait(large('c'))
    expect([files(), bytesIn(path) < 600_000]).toEqual([3, true])
    await queue.close()
    const again = await open<string>(path)
    for (const letter of ['a', 's', 'b', 'c']) expect((await again.get())[0]).toBe(letter)
    await expect.poll(files).toBe(0)
  })

  it('are an error and a nack when their file is gone, and do not hold up others (S8)', async () => {
    const path = join(scratch(), 'queue')
    const dead = fifoQueue<string>()
    const queue = await open<string>(path, { maxAttempts: 1 })
    await queue.put(large('a'))
    const [name] = readdirSync(join(path, 'payloads'))
    writeFileSync(join(path, 'payloads', name as string), 'other')
    expect(await codeOf(queue.get())).toBe('ERR_SPILL')
    await dead.close()
  })

  it('leave nothing behind when their process died before they were stored', async () => {
    const path = join(scratch(), 'queue')
    await (await open(path)).close()
    mkdirSync(join(path, 'payloads'))
    const left = `${crypto.randomUUID()}.999999999.${processMark()}`
    writeFileSync(join(path, 'payloads', left), 'left')
    const other = 'kept'
    writeFileSync(join(path, 'payloads', other), 'not ours')
    await open(path)
    expect(readdirSync(join(path, 'payloads'))).toEqual([other])
  })
})

describe('several handles', () => {
  it('on one directory lose nothing, and see each other at once (P11)', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path), await open<number>(path)]
    await Promise.all(numbers(200).map(i => (i % 2 === 0 ? one : other).put(i)))
    expect([one.size, other.size]).toEqual([200, 200])
    const waiting = numbers(200).map(i => (i % 3 === 0 ? one : other).get())
    expect((await Promise.all(waiting)).sort((a, b) => a - b)).toEqual(numbers(200))
    const late = other.get()
    await one.put(7)
    expect(await late).toBe(7)
  })

  it('wait for room that another makes, and share one capacity', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path, { capacity: 2 }), await open<number>(path)]
    expect(other.capacity).toBe(2)
    await one.putBatch([1, 2])
    const waiting = other.put(3)
    expect(await codeOf(other.put(4, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(await one.get()).toBe(1)
    await waiting
    expect(one.size).toBe(2)
  })

  it('join what others have in hand, and hear of a shutdown', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path, { joinable: true }), await open<number>(path, { joinable: true })]
    await one.put(1)
    await other.get()
    const joined = one.join()
    const waiting = codeOf(one.get())
    await other.shutdown()
    other.taskDone()
    await joined
    expect(await waiting).toBe('ERR_QUEUE_CLOSED')
  })

  it('remember a shutdown until reopen (Q10.11)', async () => {
    const path = join(scratch(), 'queue')
    const before = await open<number>(path)
    await before.put(1)
    await before.shutdown()
    await before.close()
    const queue = await open<number>(path)
    expect([queue.closed, await codeOf(queue.put(2))]).toEqual([true, 'ERR_QUEUE_CLOSED'])
    await queue.reopen()
    await queue.put(2)
    await queue.close()
    expect((await open(path)).size).toBe(2)
  })

  it('are woken from other processes, and end them naturally when they are idle (Q13.4)', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path)
    const waiting = run('durable-user.js', 'wait', path)
    expect(await waiting.line()).toBe('waiting')
    await queue.put('hello')
    expect([await waiting.line(), await waiting.ended]).toEqual(['"hello"', 0])
    expect(await run('durable-user.js', 'idle', path).ended).toBe(0)
  })

  it('hand out nothing twice that was acknowledged while an older item was back in line (Q7.2) (Q11.3)', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path), await open<number>(path)]
    await one.put(1)
    await one.putBatch([2, 3])
    await one.put(4)
    const deliveries = [await one.receive(), await one.receive(), await one.receive(), await one.receive()]
    await deliveries[0]?.nack({ delay: 0 })
    await turns()
    // Both have read what is behind it.
    expect([one.peek(), other.peek()]).toEqual([1, 1])
    for (const delivery of deliveries.slice(1)) await delivery.ack()
    await one.put(5)
    expect([await other.get(), other.peek(), one.peek(), await one.get(), one.size]).toEqual([1, 5, 5, 5, 0])
  })

  it('hand out nothing that an immediate shutdown has given back (Q10.8)', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path), await open<number>(path)]
    for (const n of [1, 2, 3, 4]) await one.put(n)
    // Both have read what is behind it.
    expect([await one.get(), await other.get()]).toEqual([1, 2])
    expect(await one.shutdown({ immediate: true })).toEqual([3, 4])
    await one.reopen()
    await one.put(5)
    expect([other.peek(), one.peek(), await other.get(), one.size]).toEqual([5, 5, 5, 0])
  })

  it('find a queue that another removed shut down', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open<number>(path), await open<number>(path)]
    expect((await one.stat()).participants).toBe(2)
    const waiting = codeOf(other.get())
    await one.unlink()
    expect(await waiting).toBe('ERR_QUEUE_NOT_FOUND')
    expect([existsSync(path), await codeOf(other.put(1))]).toEqual([false, 'ERR_QUEUE_NOT_FOUND'])
  })

  it('are opened by their descriptor', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<number>(path, { joinable: true })
    await queue.put(1)
    const descriptor = JSON.parse(JSON.stringify(queue.descriptor())) as ReturnType<typeof queue.descriptor>
    const other = (await openQueue<number>(descriptor)) as SyncQueue<number>
    expect(await other.get()).toBe(1)
    other.taskDone()
    await other.close()
    await queue.unlink()
    expect(await codeOf(openQueue(descriptor))).toBe('ERR_QUEUE_NOT_FOUND')
  })
})

describe('modes', () => {
  it('refuse what is there, or is not', async () => {
    const path = join(scratch(), 'queue')
    expect(await codeOf(open(path, { mode: 'attach' }))).toBe('ERR_QUEUE_NOT_FOUND')
    await open(path, { mode: 'create' })
    expect(await codeOf(open(path, { mode: 'create' }))).toBe('ERR_QUEUE_EXISTS')
  })

  it('refuse options that cannot be', async () => {
    const path = join(scratch(), 'queue')
    for (const o of [{ durability: 'soon' }, { mode: 'make' }, { keyTtl: -1 }, { capacity: 0 }, { itemSize: 0.5 }]) {
      expect(await codeOf(open(path, o as never))).toBe('ERR_OPTION')
    }
    expect(await codeOf(open('' as string))).toBe('ERR_OPTION')
    expect(existsSync(path)).toBe(false)
  })

  it('keep a file open that is in use, with its durability, and no longer', async () => {
    const path = join(scratch(), 'queue')
    const [one, other] = [await open(path, { durability: 'async' }), await open(path, { durability: 'async' })]
    await one.close()
    expect(await codeOf(open(path, { durability: 'sync' }))).toBe('ERR_OPTION')
    await other.close()
    await open(path, { durability: 'sync' })
    await open(path, { durability: 'async' })
  })

  it('tell a path that is no directory from one that cannot be', async () => {
    const path = join(scratch(), 'file')
    writeFileSync(path, '')
    expect(await codeOf(open(path))).toBe('ERR_FOREIGN')
    expect(await codeOf(open(join(scratch(), 'x'.repeat(300))))).toBe('ERR_FILE')
  })
})

describe('the room on disk', () => {
  it('is used again, so that the file of a queue that drains stops growing (P13)', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path, { durability: 'async' })
    const sizes: number[] = []
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 20; i++) await queue.putBatch(numbers(256).map(n => `${n}`.padEnd(100)))
      for (let left = 20 * 256; left > 0; ) left -= (await queue.getBatch(256)).length
      await until(() => queue.isEmpty)
      sizes.push(bytesIn(path))
    }
    expect(sizes.slice(2).every(size => size <= sizes[1]! * 1.1)).toBe(true)
  })

  it('is given back by compact, while others use the queue', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path)
    const other = await open<string>(path)
    const program = run('durable-user.js', 'produce', path, 'x', '200')
    for (let i = 0; i < 20; i++) await queue.putBatch(numbers(256).map(n => `${n}`.padEnd(400)))
    const held = await other.receive()
    let got = 1
    while (got < 20 * 256) got += (await queue.getBatch(256)).filter(item => !item.startsWith('x')).length
    const before = bytesIn(path)
    const puts = numbers(50).map(i => other.put(`y${i}`))
    await queue.compact()
    await Promise.all(puts)
    expect(await program.ended).toBe(0)
    expect(bytesIn(path) < before / 2).toBe(true)
    await held.ack()
    const rest = await other.getBatch(1000)
    expect(rest.filter(item => item.startsWith('y'))).toEqual(numbers(50).map(i => `y${i}`))
    await queue.put('last')
    expect((await other.getBatch(1000)).at(-1)).toBe('last')
    await queue.close()
    await other.close()
    expect((await open(path)).size).toBe(0)
  })

  it('is given back once at a time, and not left half done by a handle that closes', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path, { durability: 'async' })
    for (let i = 0; i < 40; i++) await queue.putBatch(numbers(256).map(n => `${n}`.padEnd(400)))
    const first = queue.compact()
    expect(await codeOf(queue.compact())).toBe('ERR_BUSY')
    // Who cannot wait is not told that an item is stored that is not.
    expect(() => queue.putNowait('now')).toThrow(/compacted/)
    await queue.close()
    await first
    expect(readdirSync(path).filter(name => name.endsWith('.mdb'))).toEqual(['items-1.mdb'])
    expect((await open(path)).size).toBe(40 * 256)
  })

  it('is given back by itself when little of a large file is used', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<Uint8Array>(path, { durability: 'async' })
    for (let i = 0; i < 10; i++) await queue.putBatch(numbers(64).map(() => new Uint8Array(40_000)))
    expect(bytesIn(path)).toBeGreaterThan(16 * 1024 * 1024)
    for (let left = 640; left > 0; ) left -= (await queue.getBatch(64)).length
    await expect.poll(() => bytesIn(path), { timeout: 10_000 }).toBeLessThan(1024 * 1024)
  })
})

it('moves a poison item to the dead letters, with its history, and lets the rest flow on', async () => {
  const dead = await fresh<string>()
  const queue = await fresh<string>({ maxAttempts: 3, deadLetter: dead, name: 'orders' })
  await queue.putBatch(['a', 'poison', 'b'])
  const seen: string[] = []
  const done = queue.consume(item => {
    seen.push(item)
    if (item === 'poison') throw new Error('bad')
  })
  const letter = await dead.receive()
  await queue.shutdown()
  await done
  expect([letter.value, letter.headers]).toEqual([
    'poison',
    { 'x-attempts': '3', 'x-queue': 'orders', 'x-reason': 'Error: bad' },
  ])
  expect(seen.sort()).toEqual(['a', 'b', 'poison', 'poison', 'poison'])
})

it('refuses to settle what was settled by its next owner (P14, Q7.2)', async () => {
  const queue = await fresh<number>()
  await queue.put(1)
  const first = await queue.receive()
  await first.nack()
  const second = await queue.receive()
  expect(await codeOf(first.ack())).toBe('ERR_LEASE_LOST')
  await second.ack()
  expect((await queue.stat()).leased).toBe(0)
})
