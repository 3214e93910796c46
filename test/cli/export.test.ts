import { randomBytes } from 'node:crypto'
import { durableQueue, type StoredItem } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { type Ended, Place } from './command.js'

const place = new Place()
const run = (...args: string[]): Promise<Ended> => place.run(args)
const lines = (text: string): Record<string, unknown>[] => {
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
const without = ({ enqueuedAt: _, delay, ...rest }: StoredItem<unknown>): object => ({ ...rest, delayed: delay > 0 })

describe('queuelink export and import', () => {
  it('move every item from one durable queue to another, as it was put, and take none', async () => {
    await using queue = await durableQueue<unknown>(place.at('from'))
    await queue.putBatch(['settled', 'leased', 'späť\n', null])
    await queue.put(new Map([[1n, new Date(0)]]), { headers: { trace: 'a' } })
    await queue.put({ a: undefined }, { key: 'order 7' })
    await queue.put(randomBytes(200_000))
    await queue.put('first', { priority: -1 })
    await queue.put('later', { delay: 3_600_000 })
    const first = await queue.receive()
    expect(first.value).toBe('first')
    await queue.get()
    const before = [...queue.snapshot()]
    expect(before.map(({ value }) => value)).toMatchObject({
      0: 'first',
      1: 'leased',
      2: 'späť\n',
      7: 'later',
      length: 8,
    })

    expect(await run('export', 'durable:from', 'items.ndjson')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const written = lines(await place.read('items.ndjson'))
    expect(written[1]).toEqual({ value: 'leased', enqueuedAt: before[1]?.enqueuedAt })
    expect(written[4]).toMatchObject({ packed: expect.any(String), headers: { trace: 'a' } })
    expect([...queue.snapshot()].map(without)).toEqual(before.map(without))

    expect(await run('import', '--quiet', 'items.ndjson', 'durable:to')).toMatchObject({ code: 0, stderr: '' })
    await using copy = await durableQueue<unknown>(place.at('to'))
    expect([...copy.snapshot()].map(without)).toEqual(before.map(without))
    expect([copy.size, (await copy.stat()).delayed]).toEqual([7, 1])
    await first.nack()
  })

  it('go through a pipe, more items than are held at a time', async () => {
    await using queue = await durableQueue<number>(place.at('many'))
    const numbers = Array.from({ length: 3000 }, (_, n) => n)
    await queue.putBatch(numbers)
    const { stdout, code } = await run('export', '--quiet', 'durable:many')
    expect(code).toBe(0)
    const into = place.start('import', '-', 'durable:again')
    into.process.stdin?.end(stdout)
    expect(await into.ended).toMatchObject({ code: 0 })
    await using again = await durableQueue<number>(place.at('again'))
    expect(await again.getBatch(5000)).toEqual(numbers)
  })

  it('refuse what is no item, after those before it, and queues that are not there or not durable', async () => {
    await place.write('bad.ndjson', '{"value":1}\n{"valu":2}\n')
    const bad = await run('import', 'bad.ndjson', 'durable:bad')
    expect(bad).toMatchObject({ code: 1 })
    expect(bad.stderr).toContain('a line is no item: {"valu":2}')
    expect(await run('export', 'durable:none')).toMatchObject({ code: 1, stdout: '' })
    expect(await run('export', 'shm:any')).toMatchObject({ code: 2, stdout: '' })
  })
})
