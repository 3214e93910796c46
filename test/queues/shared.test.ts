import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { openQueue, sharedQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { sharedPath } from '#src/queues/shared/shared-place'
import { codeOf, turns } from './help.js'
import { exit, heard, newName, open, start } from './shared/users.js'

describe('a shared queue by its name', () => {
  it('is one queue for all handles', async () => {
    const one = await open<number>()
    const other = await open<number>(one.name)
    await one.putBatch([1, 2])
    expect([other.size, other.getNowait(), one.size, await one.get()]).toEqual([2, 1, 1, 2])
  })

  it('is made, or must be there, or must not, as the mode says', async () => {
    const name = newName()
    expect(await codeOf(sharedQueue(name, { mode: 'attach' }))).toBe('ERR_QUEUE_NOT_FOUND')
    await open(name, { mode: 'create' })
    expect(await codeOf(sharedQueue(name, { mode: 'create' }))).toBe('ERR_QUEUE_EXISTS')
    await open(name, { mode: 'attach' })
    expect(await codeOf(sharedQueue(name, { mode: 'other' as never }))).toBe('ERR_OPTION')
  })

  it('is another one for another runId', async () => {
    const name = newName()
    const [one, other] = [await open<number>(name, { runId: 'a' }), await open<number>(name, { runId: 'b' })]
    await one.put(1)
    expect([one.size, other.size, await codeOf(sharedQueue(name, { mode: 'attach' }))]).toEqual([
      ...[1, 0],
      'ERR_QUEUE_NOT_FOUND',
    ])
  })

  it('keeps its sizes, and refuses others (Q16.5)', async () => {
    const name = newName()
    await open(name, { capacity: 10, bytes: 8192, itemSize: 100 })
    for (const other of [{ capacity: 11 }, { bytes: 20_000 }, { itemSize: 101 }]) {
      expect(await codeOf(sharedQueue(name, other))).toBe('ERR_QUEUE_DIFFERS')
    }
    const same = await open(name, { capacity: 10, bytes: 8192, itemSize: 100 })
    expect(same.capacity).toBe(10)
    expect((await sharedQueue(name)).capacity).toBe(10)
  })

  it('refuses names and sizes that cannot be (Q16.4)', async () => {
    for (const name of ['', 'a/b', '..', '.', 'a\0b', 'x'.repeat(300), 7 as never]) {
      expect(await codeOf(sharedQueue(name))).toBe('ERR_OPTION')
      expect(await codeOf(sharedQueue('a', { runId: name }))).toBe('ERR_OPTION')
    }
    const sizes = [{ capacity: 0 }, { capacity: 2 ** 30 }, { bytes: 100 }, { bytes: 2 ** 40 }, { itemSize: 0 }]
    for (const o of sizes) expect(await codeOf(sharedQueue(newName(), o))).toBe('ERR_OPTION')
    expect(await codeOf(sharedQueue(newName(), { capacity: Number.POSITIVE_INFINITY }))).toBe('ERR_OPTION')
  })

  it('takes a name with what file systems do not mind', async () => {
    const name = `${newName()} ä @ % .b`
    const one = await open<number>(name)
    await one.put(1)
    expect((await open<number>(name)).size).toBe(1)
  })

  it('is opened by its descriptor, and not when it is gone', async () => {
    const queue = await open<number>(newName(), { runId: 'r' })
    await queue.put(1)
    const descriptor = structuredClone(queue.descriptor())
    const same = await openQueue<number>(descriptor)
    expect(await same.get()).toBe(1)
    await same.unlink()
    expect(await codeOf(openQueue(descriptor))).toBe('ERR_QUEUE_NOT_FOUND')
  })

  it('stays while nobody has it open, and is gone after unlink (P22)', async () => {
    const name = newName()
    const first = await open<number>(name)
    await first.put(1)
    await first.close()
    const second = await open<number>(name)
    expect(await second.get()).toBe(1)
    await second.unlink()
    expect(existsSync(sharedPath(name))).toBe(false)
    const third = await open<number>(name)
    await second.unlink()
    expect([third.size, existsSync(sharedPath(name))]).toEqual([0, true])
  })
})

describe('what a shared queue holds', () => {
  it('brings values as structuredClone would, and headers (P32)', async () => {
    const queue = await open<unknown>()
    const circle: Record<string, unknown> = { n: 1 }
    circle.self = circle
    const values = [new Map([[1, { a: 1n }]]), new Set([2]), new Date(3), new Uint8Array([4]), undefined, null, 'ü']
    for (const value of values) void queue.put(value)
    await queue.put(circle)
    await queue.put('with', { headers: { trace: 'x' } })
    expect(await queue.getBatch(values.length)).toEqual(values)
    const round = (await queue.get()) as typeof circle
    expect([round.n, round.self === round]).toEqual([1, true])
    const { headers, value } = await queue.receive()
    expect([value, headers]).toEqual(['with', { trace: 'x' }])
  })

  it('fails the put of what cannot be encoded, and of nothing else (Q14.1) (Q14.2) (P18)', async () => {
    const queue = await open<unknown>()
    const puts = [1, () => {}, 2, Symbol('x'), 3].map(value => codeOf(queue.put(value)))
    expect(await Promise.all(puts)).toEqual([undefined, 'ERR_CODEC', undefined, 'ERR_CODEC', undefined])
    expect(await codeOf(queue.putBatch([4, () => {}]))).toBe('ERR_CODEC')
    expect(await queue.getBatch(10)).toEqual([1, 2, 3])
  })

  it('keeps what was put, though the object changes afterwards (Q14.1)', async () => {
    const queue = await open<{ n: number }>()
    const item = { n: 0 }
    const puts = []
    for (; item.n < 5; item.n++) puts.push(queue.put(item))
    await Promise.all(puts)
    expect((await queue.getBatch(10)).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4])
  })

  it('keeps the order of what is put at once, together and one by one in one turn (Q1.1)', async () => {
    const queue = await open<number>()
    const puts = []
    let n = 0
    for (let round = 0; round < 30; round++) {
      puts.push(queue.put(n++), queue.put(n++))
      if (round % 3 === 0) puts.push(queue.putBatch([n++, n++]))
      if (round % 5 === 0) queue.putNowait(n++)
      if (round % 7 === 0) puts.push(queue.put(n++, { headers: { a: 'b' } }))
    }
    expect(queue.size).toBe(n)
    await Promise.all(puts)
    expect(await queue.getBatch(1000)).toEqual(Array.from({ length: n }, (_, i) => i))
  })

  it('finds at once what was put in the same turn (P19)', async () => {
    const queue = await open<number>()
    for (let i = 0; i < 5; i++) void queue.put(i)
    expect([queue.size, queue.peek(), queue.getNowait(), queue.getNowait(), queue.size]).toEqual([5, 0, 0, 1, 3])
  })

  it('takes no more in one turn than fits, and stores the rest when there is room (Q11.1)', async () => {
    const queue = await open<number>(newName(), { capacity: 5 })
    const other = await open<number>(queue.name)
    const puts = Array.from({ length: 12 }, (_, i) => queue.put(i))
    const seen: number[] = []
    while (seen.length < 12) seen.push(...(await other.getBatch(3)))
    await Promise.all(puts)
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i))
  })

  it('gives up a put that was taken and found no room when its time is over (Q13.5)', async () => {
    const queue = await open<number>(newName(), { capacity: 4 })
    const other = await open<number>(queue.name)
    const [first, second, third] = [1, 2, 3].map(n => codeOf(queue.put(n, { timeout: 20 })))
    await other.putBatch([7, 8, 9])
    expect(queue.isFull).toBe(true)
    expect(await Promise.all([first, second, third])).toEqual([undefined, 'ERR_QUEUE_FULL', 'ERR_QUEUE_FULL'])
    expect(await other.getBatch(10)).toEqual([1, 7, 8, 9])
    await queue.put(4)
    expect([await other.get(), queue.size]).toEqual([4, 0])
  })

  it('gives up no other put than that, and stores the rest as soon as it is asked when there is room (Q13.6)', async () => {
    const queue = await open<number>(newName(), { capacity: 4 })
    const other = await open<number>(queue.name)
    const [one, two, three, four] = [1, 2, 3, 4].map(n => codeOf(queue.put(n, n === 3 ? { timeout: 20 } : {})))
    await other.putBatch([7, 8, 9])
    expect(await three).toBe('ERR_QUEUE_FULL')
    expect(await other.getBatch(10)).toEqual([1, 7, 8, 9])
    // The other handle has written what it took, and this one has not heard of it.
    expect(other.peek()).toBe(undefined)
    await queue.put(5, { timeout: 0 })
    expect(await Promise.all([one, two, four])).toEqual([undefined, undefined, undefined])
    expect(await other.getBatch(10)).toEqual([2, 4, 5])
  })

  it('lets an item that is too large travel as a file, until it is settled (S1)', async () => {
    const queue = await open<Buffer>(newName(), { itemSize: 1000 })
    const files = () => (existsSync(folder) ? readdirSync(folder).length : 0)
    const folder = `${sharedPath(queue.name)}.spill`
    const large = randomBytes(300_000)
    await queue.putBatch([Buffer.from('a'), large, Buffer.from('b')])
    expect(files()).toBe(1)
    const other = await open<Buffer>(queue.name)
    expect((await other.get()).toString()).toBe('a')
    const first = await other.receive()
    expect(first.value.equals(large)).toBe(true)
    await first.nack()
    await new Promise(resolve => setTimeout(resolve, 1))
    const again = await other.receive()
    expect([again.value.equals(large), again.attempt, files()]).toEqual([true, 2, 1])
    await again.ack()
    expect((await other.get()).toString()).toBe('b')
    expect(files()).toBe(0)
  })

  it('stores an item that is too large in the room that it has just made itself, at once [Q11.1]', async () => {
    const queue = await open<string>(newName(), { itemSize: 1000, capacity: 1 })
    queue.putNowait('a'.repeat(5000))
    expect(queue.getNowait()).toBe('a'.repeat(5000))
    queue.putNowait('b'.repeat(5000))
    expect(queue.getNowait()).toBe('b'.repeat(5000))
  })

  it('leaves no file behind for what was not stored, nor after unlink', async () => {
    const queue = await open<Buffer>(newName(), { itemSize: 1000, capacity: 1 })
    const folder = `${sharedPath(queue.name)}.spill`
    await queue.put(randomBytes(5000))
    expect(await codeOf(queue.put(randomBytes(5000), { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(readdirSync(folder).length).toBe(1)
    await queue.unlink()
    expect(existsSync(folder)).toBe(false)
  })

  it('hands over together what is in the ring and what is in files, and removes those (Q11.1) (S3)', async () => {
    const queue = await open<string>(newName(), { itemSize: 1000 })
    const values = ['a', 'b'.repeat(5000), 'c', 'd'.repeat(5000), 'e']
    await queue.putBatch(values)
    await queue.putBatch(['f', 'g'])
    expect(await queue.getBatch(3)).toEqual(values.slice(0, 3))
    expect(await queue.getBatch(10)).toEqual([...values.slice(3), 'f', 'g'])
    await new Promise(resolve => setImmediate(resolve))
    expect([queue.size, (await queue.stat()).leased, queue.metrics().acked]).toEqual([0, 0, 7])
    expect(readdirSync(`${sharedPath(queue.name)}.spill`)).toEqual([])
  })

  it('hands over together to who has waited, from the ring and from files (Q11.1) (S3)', async () => {
    const one = await open<string>(newName(), { itemSize: 1000 })
    const reader = await open<string>(one.name)
    for (const values of [['a', 'b', 'c'], ['d', 'e'.repeat(5000), 'f'], ['g'.repeat(5000)], ['h']]) {
      const [first, second] = [reader.getBatch(2), reader.getBatch(10, { timeout: 5000 })]
      const all = [...values, 'last']
      await one.putBatch(all)
      // The second has to wait for more where the first has it all.
      const had = await first
      if (had.length === all.length) await one.put('more')
      expect([had, await second]).toEqual([all.slice(0, 2), all.length > 2 ? all.slice(2) : ['more']])
    }
    await new Promise(resolve => setImmediate(resolve))
    const { handedOver, acked, lateSettles } = reader.metrics()
    expect([handedOver, acked, lateSettles]).toEqual([14, 14, 0])
    expect([one.size, (await one.stat()).leased, (await one.stat()).settled]).toEqual([0, 0, 14])
    expect(readdirSync(`${sharedPath(one.name)}.spill`)).toEqual([])
  })

  it('serves who waits for room when a batch that was waited for has made it (Q12.3)', async () => {
    const one = await open<number>(newName(), { capacity: 2 })
    const other = await open<number>(one.name)
    await one.putBatch([1, 2])
    const [first] = [await other.receive(), await other.receive()]
    const batch = one.getBatch(10)
    const put = one.put(3, { timeout: 700 })
    await turns(3)
    await first.nack()
    // Without being looked for once a second.
    expect([await batch, await put]).toEqual([[1], undefined])
  })

  it('takes nothing for who has waited in vain', async () => {
    const one = await open<number>()
    const reader = await open<number>(one.name)
    const leave = new AbortController()
    const waiting = [reader.getBatch(5, { timeout: 20 }), reader.getBatch(5, { signal: leave.signal })].map(codeOf)
    expect(await waiting[0]).toBe('ERR_QUEUE_EMPTY')
    leave.abort()
    expect(await waiting[1]).toBe(DOMException.ABORT_ERR)
    await one.putBatch([1, 2, 3])
    expect([reader.metrics().handedOver, await reader.getBatch(5)]).toEqual([0, [1, 2, 3]])
  })

  it('sweeps what the dead have left, an hour later, when it holds nothing and spills (S9) (S10)', async () => {
    const queue = await open<Buffer>(newName(), { itemSize: 1000 })
    const folder = `${sharedPath(queue.name)}.spill`
    await queue.put(randomBytes(5000))
    // As one who is killed between the payload and its item, or between the item and its payload.
    const left = `${folder}/${randomUUID()}`
    await writeFile(left, 'left')
    const other = await open<Buffer>(queue.name)
    const { now } = Date
    Date.now = () => now() + 2 * 60 * 60 * 1000
    try {
      await other.put(randomBytes(5000))
      expect(readdirSync(folder).length).toBe(3)
      await other.getBatch(2)
      await new Promise(resolve => setImmediate(resolve))
      expect(existsSync(left)).toBe(true)
      await other.put(randomBytes(5000))
      expect([existsSync(left), (await other.get()).length]).toEqual([false, 5000])
    } finally {
      Date.now = now
    }
  })

  it('tells the payload that is gone from the one that was changed (S7) (S8)', async () => {
    const queue = await open<Buffer>(newName(), { itemSize: 1000, maxAttempts: 1 })
    const folder = `${sharedPath(queue.name)}.spill`
    await queue.put(randomBytes(5000))
    const [file] = readdirSync(folder) as [string]
    await writeFile(`${folder}/${file}`, Buffer.concat([await readFile(`${folder}/${file}`), Buffer.from('x')]))
    expect(await codeOf(queue.get())).toBe('ERR_SPILL')
    await queue.put(Buffer.from('after'))
    expect(queue.size).toBe(2)
  })

  it('refuses what can never fit, and says so (Q12.4) (P25)', async () => {
    const queue = await open<Buffer>(newName(), { bytes: 65_536 })
    const batch = Array.from({ length: 100 }, () => Buffer.alloc(3000))
    expect(await codeOf(queue.putBatch(batch))).toBe('ERR_ITEM_TOO_LARGE')
    expect(await codeOf(queue.put(Buffer.alloc(1), { headers: { x: 'x'.repeat(20_000) } }))).toBe('ERR_ITEM_TOO_LARGE')
    expect(queue.size).toBe(0)
    await queue.putBatch(batch.slice(0, 10))
  })

  it('waits when bytes run out before items do, times out, and says so (Q11.1) (P25)', async () => {
    const queue = await open<Buffer>(newName(), { bytes: 65_536 })
    let put = 0
    while ((await codeOf(queue.put(Buffer.alloc(2000), { timeout: 0 }))) === undefined) put++
    const { size, utilisation = 0, bytes = 0, byteCapacity = 0, itemBytes } = await queue.stat()
    expect([size, queue.isFull, put < queue.capacity, bytes <= byteCapacity, itemBytes]).toEqual([
      ...[put, true, true, true, 2048 + 64],
    ])
    expect(utilisation).toBeGreaterThan(0.9)
    expect(await codeOf(queue.put(Buffer.alloc(2000), { timeout: 5 }))).toBe('ERR_QUEUE_FULL')
    const waiting = queue.put(Buffer.alloc(2000))
    await (await open<Buffer>(queue.name)).get()
    await waiting
    expect(queue.size).toBe(put)
  })

  it('passes many times its bytes while its oldest item stays out, of odd sizes at every place of the ring', async () => {
    const queue = await open<Buffer>(newName(), { bytes: 32_768, capacity: 64 })
    await queue.putBatch([Buffer.from('oldest'), Buffer.from('second')])
    const [oldest, second] = [await queue.receive(), await queue.receive()]
    for (let n = 0; n < 3000; n++) {
      const sent = Buffer.alloc(n % 1500, n)
      await queue.put(sent)
      expect((await queue.get()).equals(sent)).toBe(true)
    }
    await second.nack()
    const again = await queue.receive()
    expect([oldest.value.toString(), again.value.toString(), again.attempt]).toEqual(['oldest', 'second', 2])
    await Promise.all([oldest.ack(), again.ack()])
    expect((await queue.stat()).bytes).toBe(0)
  })

  it('tells what it holds and who uses it', async () => {
    const queue = await open<number>()
    const other = await open<number>(queue.name)
    await queue.putBatch([1, 2, 3])
    await other.get()
    const waiting = other.getBatch(2).then(() => other.get())
    await new Promise(resolve => setTimeout(resolve, 5))
    const stat = await queue.stat()
    expect(stat).toMatchObject({ kind: 'shared', size: 0, puts: 3, settled: 3, participants: 2, waitingToTake: 1 })
    await queue.put(4)
    expect(await waiting).toBe(4)
    await queue.put(5)
    expect((await queue.stat()).oldestAge).toBeLessThan(10_000)
  })

  it('remembers its shutdown until reopen (Q10.11)', async () => {
    const queue = await open<number>()
    await queue.put(1)
    await queue.shutdown()
    await queue.close()
    const later = await open<number>(queue.name)
    expect([later.closed, await codeOf(later.put(2)), await later.get()]).toEqual([true, 'ERR_QUEUE_CLOSED', 1])
    await later.reopen()
    await later.put(3)
    expect(await later.get()).toBe(3)
  })

  it('discards what comes back to any handle after an immediate shutdown by any (Q10.10)', async () => {
    const queue = await open<number>()
    const other = await open<number>(queue.name)
    await queue.putBatch([1, 2])
    const delivery = await queue.receive()
    expect(await other.shutdown({ immediate: true })).toEqual([2])
    await delivery.nack()
    await new Promise(resolve => setTimeout(resolve, 5))
    const { size, leased } = await other.stat()
    expect([size, leased]).toEqual([0, 0])
  })
})

describe('a shared queue between processes', () => {
  it('wakes a process that waits (Q13.1)', async () => {
    const queue = await open<string>()
    const child = start('wait', queue.name)
    const got = heard(child, 'got')
    await heard(child, 'waiting')
    await queue.put('hello')
    expect([await got, await exit(child)]).toEqual(['hello', 0])
  })

  it('hands a delayed item to a process that waits, when it is due (Q11.4)', async () => {
    const queue = await open<string>()
    const child = start('wait', queue.name)
    const got = heard(child, 'got')
    await heard(child, 'waiting')
    await queue.put('later', { delay: 300 })
    expect([queue.size, (await queue.stat()).delayed]).toEqual([0, 1])
    expect(await got).toBe('later')
  })

  it('lets a process with an idle handle end, and not one that waits (Q13.4)', async () => {
    const queue = await open<string>()
    expect(await exit(start('idle', queue.name))).toBe(0)
    const waiting = start('wait', queue.name)
    await heard(waiting, 'waiting')
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(waiting.exitCode).toBe(null)
  })

  it('settles and stores what was settled and put in the turn of process.exit (Q5.5)', async () => {
    const queue = await open<string>()
    await queue.put('one')
    expect(await exit(start('leave', queue.name))).toBe(0)
    expect(await queue.getBatch(10)).toEqual(['first', 'second'])
    expect((await queue.stat()).leased).toBe(0)
  })

  it('tells a process that joins, and one that reads, of the end (Q15.3) (Q10.1)', async () => {
    const queue = await open<string>(newName(), { joinable: true })
    await queue.putBatch(['a', 'b'])
    const child = start('join', queue.name)
    const [joined, completed] = [heard(child, 'joined'), heard(child, 'completed')]
    await heard(child, 'ready')
    for (let i = 0; i < 2; i++) {
      await queue.get()
      queue.taskDone()
    }
    await joined
    await queue.shutdown()
    await completed
    expect(await exit(child)).toBe(0)
  })

  it('gives back what a killed consumer held, and counts its hand-overs (Q6.3) (P20)', async () => {
    const queue = await open<number>()
    await queue.putBatch([1, 2, 3, 4])
    const child = start('hold', queue.name, 3)
    expect(await heard(child, 'held')).toEqual([1, 2, 3])
    child.kill('SIGKILL')
    const deliveries = [await queue.receive(), await queue.receive(), await queue.receive(), await queue.receive()]
    const seen = deliveries.map(({ value, attempt }) => [value, attempt])
    expect(seen.sort()).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 1],
    ])
    await Promise.all(deliveries.map(delivery => delivery.ack()))
  })

  it('gives back what was consumed together in the turn of a kill, and counts its hand-overs (Q5.5) (Q6.3) (Q6.4)', async () => {
    const queue = await open<number>()
    await queue.putBatch([1, 2, 3, 4])
    const child = start('consumeAndDie', queue.name, 3)
    await exit(child)
    const deliveries = [await queue.receive(), await queue.receive(), await queue.receive(), await queue.receive()]
    expect(deliveries.map(({ value, attempt }) => [value, attempt]).sort()).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 1],
    ])
    await Promise.all(deliveries.map(delivery => delivery.ack()))
  })
})
