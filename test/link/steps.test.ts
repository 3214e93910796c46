import { fifoQueue, LinkError, type LinkOptions, link, type OperatorLinkOptions, step } from 'queuelink'
import { concatMap, delay, filter, map, type Observable, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { failureOf, leavesNothing, PLACEMENTS, range, STEPS, take } from './help.js'

leavesNothing()

/** What a link with these options makes of the items, once all are through. */
async function through<T>(items: readonly unknown[], o: LinkOptions | OperatorLinkOptions): Promise<T[]> {
  const source = fifoQueue<unknown>()
  const destination = fifoQueue<T>()
  await source.putBatch(items)
  await source.shutdown()
  await link(source, destination, o as LinkOptions<unknown>).done
  return take(destination, destination.size)
}

describe.each(PLACEMENTS)('steps of a link placed %s', placement => {
  it.concurrent('[L19] transform the whole stream: an operator, one made without arguments, one made of arguments', async () => {
    const numbers = range(0, 6)
    expect(await through(numbers, { placement, through: step(STEPS, 'even') })).toEqual([0, 2, 4])
    expect(await through(numbers, { placement, through: step(STEPS, 'twice') })).toEqual([0, 2, 4, 6, 8, 10])
    expect(await through(numbers, { placement, through: step(STEPS, 'times', 3) })).toEqual([0, 3, 6, 9, 12, 15])
  })

  it.concurrent('[L20] transform each delivery: a handler, an async one, one made of arguments, operators', async () => {
    const words = ['a', 'b', 'c']
    expect(await through(words, { placement, each: step(STEPS, 'upper') })).toEqual(['A', 'B', 'C'])
    expect(await through(words, { placement, each: step(STEPS, 'upperSoon') })).toEqual(['A', 'B', 'C'])
    expect(await through(words, { placement, each: step(STEPS, 'append', '!') })).toEqual(['a!', 'b!', 'c!'])
    expect(await through(['a'], { placement, each: step(STEPS, 'noParameters') })).toEqual(['nothing asked for'])
    expect(await through(['a'], { placement, each: step(STEPS, 'twoOf') })).toEqual(['a1', 'a2'])
    expect(await through(words, { placement, each: step(STEPS, 'mergeTwice') })).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
    expect(await through(range(0, 4), { placement, each: step(STEPS, 'heldOneByOne') })).toEqual(range(0, 4))
  })

  it.concurrent('[L19][L20] work on each delivery first, then on the stream', async () => {
    const o = { placement, each: step(STEPS, 'slow'), through: step(STEPS, 'times', 10), concurrency: 4 }
    expect((await through<number>(range(0, 20), o)).sort((a, b) => a - b)).toEqual(range(0, 20).map(n => n * 10))
  })

  it.concurrent('[L21] work on as many deliveries at a time as concurrency says, and no more', async () => {
    const each = step(STEPS, 'crowd')
    expect(Math.max(...(await through<number>(range(0, 6), { placement, each })))).toBe(1)
    expect(Math.max(...(await through<number>(range(0, 12), { placement, each, concurrency: 4 })))).toBe(4)
  })

  it.concurrent('[Q6.4] try a failed item again, and count its attempts', async () => {
    const failed = ['a', 'b'].map(item => ({ item, attempt: 3 }))
    expect(await through(['a', 'b'], { placement, each: step(STEPS, 'thirdTime') })).toEqual(failed)
  })

  it.concurrent('[Q8.9][Q8.12] end the link with the last reason when an item has used up its attempts', async () => {
    const source = fifoQueue<number>({ maxAttempts: 3 })
    const destination = fifoQueue()
    await source.put(1)
    const error = await failureOf(link(source, destination, { placement, each: step(STEPS, 'fails') }).done)
    expect(error).toMatchObject({ name: 'SpecialError', message: 'the step failed', code: 'ERR_SPECIAL' })
    const left = await source.receive()
    expect([left.value, left.attempt, destination.size]).toEqual([1, 4, 0])
  })

  it.concurrent('[Q8.9] leave failing items to the dead-letter queue, and go on', async () => {
    const deadLetter = fifoQueue<number>()
    const source = fifoQueue<number>({ maxAttempts: 2, deadLetter })
    await source.putBatch([1, 2])
    await source.shutdown()
    await link(source, fifoQueue(), { placement, each: step(STEPS, 'fails') }).done
    const { value, headers } = await deadLetter.receive()
    expect(value).toBe(1)
    expect(headers).toMatchObject({ 'x-attempts': '2', 'x-reason': expect.stringContaining('the step failed') })
  })

  it.concurrent('[L33][P32] fail the link with the error of through as it was thrown, and the item goes back', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch([1, 2, 3])
    const linked = link(source, destination, { placement, through: step(STEPS, 'failsOn', 2) })
    const error = (await failureOf(linked.done)) as Error & { extra?: unknown }
    expect(error).toMatchObject({
      name: 'SpecialError',
      message: 'the step failed',
      code: 'ERR_SPECIAL',
      extra: [1, 2],
    })
    expect(error.stack).toContain('link-steps.js')
    expect(error.cause).toBeInstanceOf(TypeError)
    expect((error.cause as Error).message).toBe('deep down')
    expect((await take(source, 2)).sort()).toEqual([2, 3])
    expect(await take(destination, 1)).toEqual([1])
    expect(destination.size).toBe(0)
  })

  it.concurrent('[P32] tell what can be told of an error that cannot cross', async () => {
    const source = fifoQueue<number>()
    await source.put(1)
    const error = await failureOf(link(source, fifoQueue(), { placement, through: step(STEPS, 'failsBadly') }).done)
    expect(error.message).toBe('unspeakable')
    expect(error.stack).toContain('link-steps.js')
    expect(source.size).toBe(1)
  })

  it.concurrent.each(['held', 'heldOneByOne'])('[L22] are refused where they hold values back: %s', async name => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch([1, 2, 3])
    const linked = link(source, destination, { placement, through: step(STEPS, name) })
    expect(await failureOf(linked.done)).toMatchObject({ name: 'LinkError', code: 'ERR_LINK_UNTRACKED' })
    expect(destination.size).toBe(0)
  })

  it.concurrent('[L22] may hold values back where they may be lost', async () => {
    const o = { placement, through: step(STEPS, 'heldOneByOne'), delivery: 'at-most-once' } as const
    expect(await through(range(0, 5), o)).toEqual(range(0, 5))
  })

  it.concurrent('write to stdout without harm to the data', async () => {
    expect(await through(range(0, 50), { placement, each: step(STEPS, 'tells') })).toEqual(range(0, 50))
  })
})

describe('closures', () => {
  it.concurrent('[L19][L20] run inline', async () => {
    const o = { each: async (n: number) => n + 1, through: map((n: number) => n * 2) }
    expect(await through([1, 2], o as never)).toEqual([4, 6])
    const operator = filter((n: number) => n > 1)
    expect(await through([1, 2], { each: operator })).toEqual([2])
    expect(await through([1], { each: (n: number) => of(n, n) })).toEqual([1, 1])
  })

  it.concurrent('[L22] are refused where they hold values back', async () => {
    const holds = (source: Observable<number>): Observable<number> => source.pipe(delay(1))
    for (const held of [holds, concatMap((n: number) => of(n).pipe(delay(1)))]) {
      const source = fifoQueue<number>()
      await source.put(1)
      expect(await failureOf(link(source, fifoQueue(), { through: held }).done)).toBeInstanceOf(LinkError)
    }
  })
})

it('a step loads its module in a process of its own', async () => {
  const [made] = await through<{ pid: number }>([1], { placement: 'process', through: step(STEPS, 'withPid') })
  expect(made?.pid).not.toBe(process.pid)
})
