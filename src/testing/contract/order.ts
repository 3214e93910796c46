import { filter, share } from 'rxjs'
import type { Delivery } from '../../core/delivery.js'
import { atOnce, drain, type Kit, NEEDS_SYNC, take, turns, until } from './kit.js'

/** Q1, Q2: who gets which item. */
export function orderContract({ test, expect, can }: Kit): void {
  const first = (items: number[]): number => (can.order === 'lifo' ? Math.max(...items) : Math.min(...items))

  test(
    'hands over first in, first out [Q1.1]',
    async open => {
      const queue = await open()
      for (let i = 0; i < 100; i++) await queue.put(i)
      expect(await drain(queue, can)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    },
    can.order !== 'fifo' && `its order is ${can.order}`,
  )

  test(
    'keeps the order of each producer for one subscriber [Q1.1]',
    async open => {
      const queue = await open<{ by: string; i: number }>()
      const seen: { by: string; i: number }[] = []
      queue.subscribe(item => seen.push(item))
      const produce = async (by: string) => {
        for (let i = 0; i < 50; i++) await queue.put({ by, i })
      }
      await Promise.all([produce('a'), produce('b')])
      await until(() => seen.length === 100)
      for (const by of ['a', 'b']) {
        expect(seen.filter(item => item.by === by).map(item => item.i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
      }
    },
    can.order !== 'fifo' && `its order is ${can.order}`,
  )

  test(
    'hands over the newest item first [Q1.2]',
    async open => {
      const queue = await open()
      await queue.putBatch([1, 2, 3])
      expect(await drain(queue, can)).toEqual([3, 2, 1])
    },
    can.order !== 'lifo' && `its order is ${can.order}`,
  )

  test(
    'hands over what compare puts first [Q1.3]',
    async open => {
      const queue = await open()
      await queue.putBatch([3, 1, 2])
      expect(await drain(queue, can)).toEqual([1, 2, 3])
    },
    can.order !== 'priority' && `its order is ${can.order}`,
  )

  test(
    'keeps equal priorities first in, first out [Q1.4] [P15]',
    async open => {
      const queue = await open()
      await queue.put(1, { headers: { name: 'last' } })
      for (const name of ['a', 'b', 'c']) await queue.put(0, { headers: { name } })
      const names: unknown[] = []
      for (let i = 0; i < 4; i++) {
        const delivery = await queue.receive()
        names.push(delivery.headers.name)
        await delivery.ack()
      }
      expect(names).toEqual(['a', 'b', 'c', 'last'])
    },
    can.order !== 'priority' && `its order is ${can.order}`,
  )

  test(
    'hands over the lowest priority of a put first, and goes by compare and by age within one [Q1.3] [Q1.4]',
    async open => {
      const queue = await open()
      await queue.put(5)
      await queue.put(9, { priority: -1 })
      await queue.put(1, { priority: 2 })
      await queue.put(3, { priority: 0 })
      await queue.putBatch([8, 7], { priority: -1 })
      expect(await drain(queue, can)).toEqual([7, 8, 9, 3, 5, 1])
    },
    can.order !== 'priority' && `its order is ${can.order}`,
  )

  test('returns several items to their places, in whatever order they are given back [Q1.5]', async open => {
    const queue = await open()
    await queue.putBatch([1, 2, 3, 4, 5, 6])
    const out = [await queue.receive(), await queue.receive(), await queue.receive(), await queue.receive()]
    await queue.put(7)
    for (const i of [1, 3, 0, 2]) await out[i]?.nack({ delay: 0 })
    await turns()
    const items = [1, 2, 3, 4, 5, 6, 7]
    expect(await drain(queue, can)).toEqual(can.order === 'lifo' ? items.reverse() : items)
  })

  test('returns items that were handed over as they were put to their places [Q1.5]', async open => {
    const queue = await open()
    const out: Delivery<number>[] = []
    const subscription = queue.deliveries({ prefetch: 3 }).subscribe(delivery => out.push(delivery))
    for (const item of [1, 2, 3, 4]) queue.next(item)
    await until(() => out.length === 3)
    subscription.unsubscribe()
    for (const i of [1, 2, 0]) await out[i]?.nack({ delay: 0 })
    await turns()
    const items = [1, 2, 3, 4]
    expect(await drain(queue, can)).toEqual(can.order === 'lifo' ? items.reverse() : items)
  })

  test('returns an item that is given back to its place [Q1.5]', async open => {
    const queue = await open()
    await queue.putBatch([1, 2, 3])
    const delivery = await queue.receive()
    expect(delivery.value).toBe(first([1, 2, 3]))
    await delivery.nack()
    await turns()
    const again = await queue.receive()
    expect(again.value).toBe(delivery.value)
    await again.ack()
  })

  test('lets no more items pass a returned one than prefetch allows [Q1.6]', async open => {
    const queue = await open()
    const items = Array.from({ length: 30 }, (_, i) => i)
    await queue.putBatch(items)
    const seen: number[] = []
    const failed = first(items)
    const prefetch = 4
    queue.deliveries({ prefetch }).subscribe(delivery => {
      seen.push(delivery.value)
      if (delivery.value === failed && delivery.attempt === 1) void delivery.nack()
      // The others take their time, as real work does.
      else setImmediate(() => setImmediate(() => delivery.ack()))
    })
    await until(() => seen.length === items.length + 1)
    const passed = seen.lastIndexOf(failed) - seen.indexOf(failed) - 1
    expect(passed <= prefetch).toBe(true)
  })

  test('gives each item to one subscriber only [Q2.1]', async open => {
    const queue = await open()
    const seen: number[] = []
    queue.subscribe(item => seen.push(item))
    queue.subscribe(item => seen.push(item))
    const items = Array.from({ length: 20 }, (_, i) => i)
    await queue.putBatch(items)
    await until(() => seen.length >= 20)
    await turns()
    expect(seen.sort((a, b) => a - b)).toEqual(items)
  })

  test('shows each item to all subscribers of share(), and keeps what comes while there is none [Q2.1] [P40]', async open => {
    const queue = await open()
    const shared = queue.pipe(share())
    const seen: string[] = []
    const first = shared.subscribe(item => seen.push(`first ${item}`))
    const second = shared.subscribe(item => seen.push(`second ${item}`))
    await queue.put(1)
    await until(() => seen.length === 2)
    first.unsubscribe()
    await queue.put(2)
    await until(() => seen.length === 3)
    second.unsubscribe()
    await queue.put(3)
    await turns()
    expect([seen, (await queue.stat()).size]).toEqual([['first 1', 'second 1', 'second 2'], 1])
    shared.subscribe(item => seen.push(`third ${item}`))
    await until(() => seen.length === 4)
    expect(seen[3]).toBe('third 3')
  })

  test('ends share() for those who come late as well, with nothing handed over again [Q2.1] [Q10.1] [P40]', async open => {
    const queue = await open()
    const shared = queue.pipe(share())
    const seen: unknown[] = []
    const watch = () => shared.subscribe({ next: item => seen.push(item), complete: () => seen.push('end') })
    watch()
    await queue.put(1)
    await queue.shutdown()
    await until(() => seen.length === 2)
    watch()
    await until(() => seen.length === 3)
    await turns()
    expect(seen).toEqual([1, 'end', 'end'])
  })

  test('keeps what comes before anybody asks for it [Q2.1] [P45]', async open => {
    const queue = await open()
    await queue.putBatch([1, 2, 3])
    await turns()
    const seen: number[] = []
    queue.subscribe(item => seen.push(item))
    await until(() => seen.length === 3)
    expect(seen.sort()).toEqual([1, 2, 3])
  })

  test('serves subscribers and waiting gets in turn [Q2.2]', async open => {
    const queue = await open()
    const seen: string[] = []
    queue.subscribe(() => seen.push('first'))
    queue.pipe(filter(() => true)).subscribe(() => seen.push('second'))
    const got = take(queue, can).then(() => seen.push('get'))
    for (let i = 0; i < 5; i++) {
      await queue.put(i)
      await until(() => seen.length > i)
    }
    await got
    expect(seen).toEqual(['first', 'second', 'get', 'first', 'second'])
  })

  test(
    'serves whoever waits before a call that comes within a hand-over [Q2.2]',
    async open => {
      const queue = await open()
      let later: Promise<number> | undefined
      queue.deliveries({ prefetch: 1 }).subscribe(() => (later ??= take(queue, can)))
      const earlier = take(queue, can)
      await queue.putBatch([1, 2, 3])
      const items = can.order === 'lifo' ? [2, 1] : [2, 3]
      expect([await earlier, await later]).toEqual(items)
    },
    can.process !== 'own' && 'it hands over when the call has returned',
  )

  test(
    'serves whoever waits before a call that comes later [Q2.2]',
    async open => {
      const queue = atOnce(await open())
      const waiting = take(queue, can)
      queue.putNowait(1)
      queue.putNowait(2)
      const now = queue.getNowait()
      if (can.joinable) queue.taskDone()
      expect([await waiting, now]).toEqual([1, 2])
    },
    !can.sync && NEEDS_SYNC,
  )
}
