import { Subject } from 'rxjs'
import { atOnce, type Kit, NEEDS_SYNC, take, until } from './kit.js'

/** Q17, and that a queue is an Observable and an Observer. */
export function faceContract({ test, expect, can }: Kit): void {
  test(
    'emits within the call that puts, as a Subject does [Q17.2]',
    async open => {
      const queue = atOnce(await open())
      const seen: number[] = []
      queue.subscribe(item => seen.push(item))
      queue.putNowait(1)
      queue.next(2)
      void queue.put(3)
      expect(seen).toEqual([1, 2, 3])
      const { put, handedOver, acked } = queue.metrics()
      expect([put, handedOver, acked]).toEqual([3, 3, 3])
    },
    can.process !== 'own' && 'its items come through another process',
  )

  test(
    'emits within the call that puts while other items are delayed, and what a subscriber puts meanwhile [Q17.2]',
    async open => {
      const queue = atOnce(await open())
      void queue.put(9, { delay: 60_000 })
      const seen: number[] = []
      queue.subscribe(item => {
        seen.push(item)
        if (item < 3) queue.putNowait(item + 1)
      })
      queue.putNowait(1)
      queue.next(2)
      expect(seen).toEqual([1, 2, 3, 2, 3])
    },
    can.process !== 'own' && 'its items come through another process',
  )

  test('takes what a source sends it [Q17.2]', async open => {
    const queue = await open()
    const source = new Subject<number>()
    source.subscribe(queue)
    source.next(1)
    expect(await take(queue, can)).toBe(1)
  })

  test(
    'shows the next item without taking it [Q11.5]',
    async open => {
      const queue = atOnce(await open())
      expect(queue.peek()).toBe(undefined)
      queue.putNowait(1)
      expect([queue.peek(), queue.size]).toEqual([1, 1])
    },
    !can.sync && NEEDS_SYNC,
  )

  test('counts what passed through it', async open => {
    const queue = await open()
    await queue.putBatch([1, 1])
    await take(queue, can)
    await until(() => queue.metrics().acked === 1)
    const before = queue.metrics()
    await take(queue, can)
    await until(() => queue.metrics().acked === 2)
    expect([before.put, before.handedOver, before.acked, queue.metrics().handedOver]).toEqual([2, 1, 1, 2])
  })

  test('tells who is waiting [P42]', async open => {
    const queue = await open({ capacity: 1 })
    const subscription = queue.deliveries({ prefetch: 1 }).subscribe()
    await queue.put(1)
    await until(() => queue.metrics().handedOver === 1)
    const put = queue.put(2).catch(() => {})
    const { readers, wanting, waitingPuts } = await queue.stat()
    expect([readers, wanting, waitingPuts]).toEqual([1, 0, 1])
    subscription.unsubscribe()
    await queue.shutdown()
    await put
  })
}
