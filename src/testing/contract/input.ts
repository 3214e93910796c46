import { QueueLinkError } from '../../errors/queue-link-error.js'
import { failure, type Kit, take } from './kit.js'

/** Q16: what cannot be. */
export function inputContract({ test, expect, can }: Kit): void {
  const bad = [0, -1, 1.5, Number.NaN, '10', null]

  test('refuses a capacity that is no positive whole number or Infinity [Q16.4]', async open => {
    for (const capacity of bad) {
      const error = await failure(open({ capacity: capacity as number }))
      expect((error as { code: unknown }).code).toBe('ERR_OPTION')
    }
  })

  test('names the option, what was expected, what came and its type [Q16.5]', async open => {
    const { message } = (await failure(open({ capacity: '10' as unknown as number }))) as Error
    expect([/capacity/, /whole number/, /"10"/, /string/].map(part => part.test(message))).toEqual(Array(4).fill(true))
  })

  test('refuses timeouts, delays, priorities and sizes that cannot be [Q16.1]', async open => {
    const queue = await open()
    const calls: Promise<unknown>[] = [
      queue.get({ timeout: -1 }),
      queue.get({ timeout: '1' as unknown as number }),
      queue.put(1, { timeout: Number.NaN }),
      queue.put(1, { delay: -1 }),
      queue.put(1, { delay: '5' as unknown as number }),
      queue.put(1, { delay: Number.POSITIVE_INFINITY }),
      queue.put(1, { priority: Number.NaN }),
      queue.put(1, { priority: '1' as unknown as number }),
      queue.getBatch(0),
      queue.putBatch('abc' as unknown as number[]),
    ]
    for (const error of await Promise.all(calls.map(failure))) {
      expect([error instanceof QueueLinkError, (error as QueueLinkError).code]).toEqual([true, 'ERR_OPTION'])
    }
    expect((await queue.stat()).size).toBe(0)
  })

  test(
    'refuses a priority, which means nothing to its order, and says so [Q16.8]',
    async open => {
      const queue = await open()
      const error = (await failure(queue.put(1, { priority: 1 }))) as QueueLinkError
      expect([error.code, /^priority /.test(error.message)]).toEqual(['ERR_OPTION', true])
      expect(((await failure(queue.putBatch([1, 2], { priority: 0 }))) as QueueLinkError).code).toBe('ERR_OPTION')
      expect((await queue.stat()).size).toBe(0)
    },
    (can.order === 'priority' || can.priorities) && 'it has priorities',
  )

  test(
    'refuses a key, which means nothing to its kind, and says so [Q16.8]',
    async open => {
      const queue = await open()
      const error = (await failure(queue.put(1, { key: 'a' }))) as QueueLinkError
      expect([error.code, /^key /.test(error.message)]).toEqual(['ERR_OPTION', true])
      expect((await queue.stat()).size).toBe(0)
    },
    can.keys && 'it keeps keys',
  )

  test('refuses a nack whose delay cannot be, and leaves the delivery open [Q16.3]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    const error = await failure(delivery.nack({ delay: '5' as unknown as number }))
    expect((error as { code: unknown }).code).toBe('ERR_OPTION')
    await delivery.ack()
  })

  test('goes on working after bad input [Q16.3]', async open => {
    const queue = await open()
    await failure(queue.get({ timeout: -1 }))
    await failure(queue.put(1, { delay: -1 }))
    await queue.put(2)
    expect(await take(queue, can)).toBe(2)
  })
}
