import { Subscriber } from 'rxjs'
import { codeOf, drain, type Kit, take, turns, unhandledIn, until } from './kit.js'

/** Q6, Q7: leases and fencing. */
export function leaseContract({ test, expect, can }: Kit): void {
  test('keeps what a subscriber was not handed when it leaves [Q6.1] [P38]', async open => {
    const queue = await open()
    let seen = 0
    const subscription = queue.deliveries({ prefetch: 10 }).subscribe(delivery => {
      void delivery.ack()
      if (++seen === 3) subscription.unsubscribe()
    })
    await queue.putBatch(Array.from({ length: 10 }, () => 1))
    await until(() => queue.metrics().acked === 3)
    await turns()
    expect([seen, (await queue.stat()).size, (await queue.stat()).leased]).toEqual([3, 7, 0])
  })

  test('takes whoever has left before it subscribed for no reader [Q6.1]', async open => {
    const queue = await open()
    await queue.put(1)
    const left = new Subscriber<unknown>()
    left.unsubscribe()
    queue.subscribe(left)
    queue.deliveries().subscribe(left)
    await turns()
    const { readers, size } = await queue.stat()
    expect([readers, size, queue.metrics().handedOver]).toEqual([0, 1, 0])
  })

  test('leaves in the sink what waits there at the unsubscribe, and settles it when stored [Q6.2]', async open => {
    const from = await open()
    const to = await open({ capacity: 1 })
    const subscription = from.subscribe(to.sink())
    await from.putBatch([1, 1, 1])
    await until(() => from.metrics().handedOver === 3)
    subscription.unsubscribe()
    for (let i = 0; i < 3; i++) expect(await take(to, can)).toBe(1)
    await until(() => from.metrics().acked === 3)
    const { size, leased } = await from.stat()
    expect([size, leased]).toEqual([0, 0])
  })

  test('counts hand-overs as attempts [Q6.4]', async open => {
    const queue = await open()
    await queue.put(1)
    const attempts: number[] = []
    for (let i = 0; i < 3; i++) {
      const delivery = await queue.receive()
      attempts.push(delivery.attempt)
      await delivery.nack()
    }
    expect(attempts).toEqual([1, 2, 3])
  })

  test('rejects a second ack, or a nack after it [Q7.4] [P14]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    await delivery.ack()
    expect(await codeOf(delivery.ack())).toBe('ERR_LEASE_LOST')
    expect(await codeOf(delivery.nack())).toBe('ERR_LEASE_LOST')
  })

  test('rejects an ack after the item was given back [Q7.1] [P14]', async open => {
    const queue = await open()
    await queue.put(1)
    const first = await queue.receive()
    await first.nack()
    const second = await queue.receive()
    expect(await codeOf(first.ack())).toBe('ERR_LEASE_LOST')
    await second.ack()
  })

  test('changes nothing by a call that came too late [Q7.2] [P14]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1])
    const first = await queue.receive()
    await first.nack()
    await first.nack().catch(() => {})
    await first.ack().catch(() => {})
    await turns()
    expect((await queue.stat()).size).toBe(2)
    expect(await drain(queue, can)).toEqual([1, 1])
    await first.ack().catch(() => {})
    expect((await queue.stat()).leased).toBe(0)
  })

  test('counts a late call that nobody awaits, and leaves no unhandled rejection [Q7.3]', async open => {
    const queue = await open()
    await queue.put(1)
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      const reported = await unhandledIn(async () => {
        const delivery = await queue.receive()
        await delivery.ack()
        void delivery.ack()
        void delivery.nack()
        await turns()
      })
      expect([unhandled, reported, queue.metrics().lateSettles]).toEqual([[], [], 2])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })
}
