import { randomUUID } from 'node:crypto'
import { fifoQueue, type LinkStatus, link, QueueLink, type SyncQueue, sharedQueue, step } from 'queuelink'
import { filter, firstValueFrom } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { childOf, leavesNothing, range, STEPS, until } from './help.js'

leavesNothing()

const runId = randomUUID()
const open: SyncQueue<unknown>[] = []

async function queue<T>(name: string, capacity = 1024): Promise<SyncQueue<T>> {
  const made = await sharedQueue<T>(name, { runId, capacity })
  open.push(made as SyncQueue<unknown>)
  return made
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.unlink()
})

async function taken<T>(from: SyncQueue<T>, count: number): Promise<T[]> {
  const items: T[] = []
  while (items.length < count) items.push(...(await from.getBatch(256, { timeout: 15_000 })))
  return items
}

describe('a queue that other processes can open', () => {
  it('[L13] is opened by the child of a link, which moves its items past the parent', async () => {
    const [from, to] = [await queue<number>('from'), await queue<number>('to')]
    const linked = link(from, to)
    const status: LinkStatus = await firstValueFrom(linked.status$.pipe(filter(({ state }) => state === 'running')))
    expect(status.placement).toBe('process')
    const put = (async () => {
      for (const n of range(0, 50)) await from.putBatch(range(n * 100, (n + 1) * 100))
      await from.shutdown()
    })()
    expect(await taken(to, 5000)).toEqual(range(0, 5000))
    await Promise.all([put, linked.done])
    expect(linked.metrics()).toMatchObject({ settled: 5000, unsettled: 0 })
    expect((await from.stat()).participants).toBe(1)
  })

  it('[L27] loses nothing when the child is killed', async () => {
    const [from, to] = [await queue<number>('from', 8192), await queue<number>('to', 8192)]
    await from.putBatch(range(0, 4000))
    const linked = link(from, to, { each: step(STEPS, 'slow'), concurrency: 64, restart: { backoff: 1 } })
    for (let kill = 1; kill <= 3; kill++) {
      process.kill(await childOf(linked), 'SIGKILL')
      await until(() => linked.metrics().restarts === kill, 'a restart')
    }
    const seen = new Set<number>()
    while (seen.size < 4000) for (const n of await to.getBatch(256, { timeout: 15_000 })) seen.add(n)
    expect([...seen].sort((a, b) => a - b)).toEqual(range(0, 4000))
    await linked.stop()
  })

  it('joins and leaves a link that runs in a child', async () => {
    const [from, one, two] = [await queue<number>('from'), await queue<number>('one'), await queue<number>('two')]
    const linked = link(from, one, { placement: 'process' })
    await from.putBatch(range(0, 100))
    expect(await taken(one, 100)).toEqual(range(0, 100))
    const id = linked.write(two)
    await linked.registered(id)
    await from.putBatch(range(100, 200))
    expect(await taken(two, 100)).toEqual(range(100, 200))
    await linked.unregister(id)
    await from.putBatch(range(200, 300))
    expect(await taken(one, 200)).toEqual(range(100, 300))
    expect(two.size).toBe(0)
    expect((await two.stat()).participants).toBe(1)
    await linked.stop()
  })

  it('is one endpoint, however many handles it has', async () => {
    const [from, again] = [await queue<number>('from'), await queue<number>('from')]
    expect(() => link(from, again)).toThrow('circle')
    const linked = new QueueLink()
    linked.read(from)
    expect(() => linked.read(again)).toThrow('already')
    await linked.close()
  })

  it('is shut down by the child when its sources have ended and the link was told so', async () => {
    const [from, to] = [await queue<number>('from'), await queue<number>('to')]
    await from.putBatch([1, 2])
    await from.shutdown()
    await link(from, to, { placement: 'process', closeOnComplete: true }).done
    expect(await taken(to, 2)).toEqual([1, 2])
    await until(() => to.closed, 'the end of the destination')
  })

  it.each(['process', 'inline'] as const)(
    '[L61] placed %s, gives items up as its handle says, to a queue that others can open or to one of this process',
    async placement => {
      for (const letters of [await queue<number>(`letters-${placement}`), fifoQueue<number>()]) {
        const name = `failing-${placement}-${letters.capacity}`
        const from = await sharedQueue<number>(name, { runId, maxAttempts: 2, deadLetter: letters })
        open.push(from as SyncQueue<unknown>)
        const to = await queue<number>(`to-${name}`)
        await from.put(1)
        const linked = link(from, to, { placement, each: step(STEPS, 'failsAt', 1) })
        const letter = await letters.receive({ timeout: 15_000 })
        expect([letter.value, letter.headers['x-attempts']]).toEqual([1, '2'])
        await letter.ack()
        await linked.stop()
      }
    },
  )
})
