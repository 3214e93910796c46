import { map } from 'rxjs'
import type { Queue } from '../../core/queue.js'
import type { StandardSchema } from '../../core/schema.js'
import { codeOf, failure, type Kit, take, turns, until } from './kit.js'

/** Numbers below `limit.max` pass, doubled if `twice`. */
function numbers(limit: { max: number }, twice = false): StandardSchema<number> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: value =>
        typeof value === 'number' && value < limit.max
          ? { value: twice ? value * 2 : value }
          : { issues: [{ message: `${value} is no number below ${limit.max}` }] },
    },
  }
}

/** Q16.6, Q16.7: items are checked on the way in and on the way out. */
export function schemaContract({ test, expect, can }: Kit): void {
  test('refuses an item that does not fit the schema [Q16.6] [P18]', async open => {
    const queue = await open({ schema: numbers({ max: 10 }) })
    const error = (await failure(queue.put(10))) as Error & { code: unknown }
    expect([error.code, error.message.includes('10 is no number below 10')]).toEqual(['ERR_SCHEMA', true])
    expect(await codeOf(queue.putBatch([1, 11]))).toBe('ERR_SCHEMA')
    expect((await queue.stat()).size).toBe(0)
    await queue.put(9)
    expect(await take(queue, can)).toBe(9)
  })

  test('refuses every item where the schema answers later [Q16.6]', async open => {
    const later: StandardSchema<number> = {
      '~standard': { version: 1, vendor: 'test', validate: async value => ({ value: value as number }) },
    }
    const queue = await open({ schema: later })
    expect([await codeOf(queue.put(1)), await codeOf(queue.putBatch([1]))]).toEqual(['ERR_SCHEMA', 'ERR_SCHEMA'])
    expect((await queue.stat()).size).toBe(0)
  })

  test('hands over the value as the schema passes it on [Q16.6]', async open => {
    const queue = await open({ schema: numbers({ max: 100 }, true) })
    await queue.put(3)
    expect(await take(queue, can)).toBe(12)
  })

  test('fails the item of a receipt that does not fit, and ends that subscription [Q16.6] [Q8.5]', async open => {
    const from = await open()
    const to = await open({ schema: numbers({ max: 10 }) })
    const sink = to.sink()
    from.pipe(map(n => n * 10)).subscribe(sink)
    await from.put(1)
    expect(await codeOf(sink.done)).toBe('ERR_SCHEMA')
    await turns()
    expect((await from.stat()).size).toBe(1)
  })

  test('gives back an item that no longer fits, and ends the subscription [Q16.7]', async open => {
    const limit = { max: 10 }
    const queue = await open({ schema: numbers(limit) })
    await queue.put(5)
    limit.max = 1
    const ends: unknown[] = []
    const error = (reason: unknown) => ends.push((reason as { code: unknown }).code)
    queue.subscribe({ error })
    await until(() => ends.length === 1)
    await turns()
    queue.deliveries().subscribe({ error })
    await until(() => ends.length === 2)
    expect([ends, await codeOf(queue.get()), await codeOf(queue.consume(() => {}))]).toEqual([
      ['ERR_SCHEMA', 'ERR_SCHEMA'],
      'ERR_SCHEMA',
      'ERR_SCHEMA',
    ])
    limit.max = 10
    expect(await take(queue, can)).toBe(5)
  })

  test('tells the dead letter which item no longer fitted, and why [Q16.7] [Q8.10]', async open => {
    const reasons: unknown[] = []
    const read = [
      (queue: Queue<number>) => void queue.get().catch(() => {}),
      (queue: Queue<number>) => void queue.getBatch(2).catch(() => {}),
      (queue: Queue<number>) => void queue.subscribe({ error: () => {} }),
      (queue: Queue<number>) => void queue.deliveries().subscribe({ error: () => {} }),
    ]
    for (const look of read) {
      const dead = await open()
      const limit = { max: 10 }
      const queue = await open({ schema: numbers(limit), maxAttempts: 1, deadLetter: dead })
      await queue.put(5)
      limit.max = 1
      look(queue)
      reasons.push((await dead.receive()).headers['x-reason']?.includes('5 is no number below 1'))
    }
    expect(reasons).toEqual([true, true, true, true])
  })

  test('fails a batch whose first item no longer fits, and tells the dead letter of one behind [Q16.7] [Q8.10]', async open => {
    const limit = { max: 10 }
    const dead = await open()
    const queue = await open({ schema: numbers(limit), maxAttempts: 1, deadLetter: dead })
    const items = can.order === 'lifo' ? [7, 0, 0] : [0, 0, 7]
    await queue.putBatch(items)
    limit.max = 5
    const some: number[] = []
    while (some.length < 2) some.push(...(await queue.getBatch(3)))
    if (can.joinable) for (const _ of some) queue.taskDone()
    expect(some).toEqual([0, 0])
    // Where the items came one by one, the last has not been asked for yet.
    void queue.getBatch(1).catch(() => {})
    expect((await dead.receive()).headers['x-reason']?.includes('7 is no number below 5')).toBe(true)
    const other = await open({ schema: numbers(limit) })
    limit.max = 10
    await other.put(7)
    limit.max = 5
    expect(await codeOf(other.getBatch(3))).toBe('ERR_SCHEMA')
  })

  test('gives a batch up to the first item that no longer fits [Q16.7]', async open => {
    const limit = { max: 10 }
    const queue = await open({ schema: numbers(limit) })
    await queue.putBatch([1, 2, 7, 3])
    limit.max = 5
    const some = await queue.getBatch(4)
    if (can.joinable) for (const _ of some) queue.taskDone()
    await turns()
    const { size, leased } = await queue.stat()
    expect([some.includes(7), some.length + size, leased]).toEqual([false, 4, 0])
  })
}
