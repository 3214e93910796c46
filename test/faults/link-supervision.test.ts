import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fifoQueue, link, type QueueLink, step } from 'queuelink'
import { describe, expect, it } from 'vitest'
import {
  childOf,
  failureOf,
  feedUntilDead,
  leavesNothing,
  lives,
  PLACEMENTS,
  range,
  STEPS,
  take,
  until,
  workDirs,
} from '../link/help.js'

const workDir = workDirs()
leavesNothing()

/** What a link restarts after. */
function causes(linked: QueueLink): string[] {
  const seen: string[] = []
  linked.status$.subscribe(({ state, why }) => void (state === 'restarting' && seen.push(why)))
  return seen
}

describe('a child that hangs', () => {
  it.concurrent('[L47] is replaced when it is stopped by a signal, and nothing is lost', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    const linked = link(source, destination, { placement: 'process', heartbeat: 2000, restart: { backoff: 1 } })
    const why = causes(linked)
    const pid = await childOf(linked)
    process.kill(pid, 'SIGSTOP')
    await source.putBatch(range(0, 100))
    expect(await take(destination, 100)).toEqual(range(0, 100))
    expect(why).toContain('its child died: it did not answer for 2000 ms; again in 1 ms')
    expect(lives(pid)).toBe(false)
    await linked.stop()
  })

  it.concurrent.each(['process', 'thread'] as const)('[L47] in an endless loop is replaced: %s', async placement => {
    const deadLetter = fifoQueue<number>()
    const source = fifoQueue<number>({ maxAttempts: 1, deadLetter })
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 5))
    const o = { placement, each: step(STEPS, 'hangsOn', 2), heartbeat: 2000, restart: { backoff: 1 } }
    const linked = link(source, destination, o)
    const why = causes(linked)
    const arrived = new Set<number>()
    destination.subscribe(n => void arrived.add(n))
    expect(await deadLetter.get({ timeout: 28_000 })).toBe(2)
    await until(() => arrived.size === 4)
    expect(why.every(text => text.includes('did not answer'))).toBe(true)
    await linked.stop()
  })
})

it.concurrent.each(['process', 'thread'] as const)(
  '[L48] an item that ends its child each time is dead-lettered, although other sources make progress: %s',
  async placement => {
    const deadLetter = fifoQueue<number>()
    const poisoned = fifoQueue<number>({ maxAttempts: 2, deadLetter })
    const healthy = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await poisoned.putBatch(range(1000, 1020))
    const o = { placement, each: step(STEPS, 'exitsOn', 1010), concurrency: 4, restart: { backoff: 1 } }
    const linked = link([poisoned, healthy], destination, o)
    const { put, value, reason } = await feedUntilDead(healthy, deadLetter)
    expect([value, reason]).toEqual([1010, expect.stringContaining('alone in work')])
    await poisoned.shutdown()
    await healthy.shutdown()
    await linked.done
    const arrived = new Set(await take(destination, destination.size))
    expect([...arrived].filter(n => n >= 1000).sort()).toEqual(range(1000, 1020).filter(n => n !== 1010))
    expect([...arrived].filter(n => n < 1000)).toHaveLength(put)
  },
)

it.concurrent('[L28] restarts a thread that throws, and tells why', async () => {
  const source = fifoQueue<number>()
  const destination = fifoQueue<number>()
  const linked = link(source, destination, {
    placement: 'thread',
    each: step(STEPS, 'throwsLater'),
    restart: { max: 1, backoff: 1 },
  })
  await source.put(1)
  const error = await failureOf(linked.done)
  expect(error).toMatchObject({ code: 'ERR_LINK_CHILD', message: expect.stringContaining('out of turn') })
  await until(() => source.size === 1)
})

describe.each(PLACEMENTS)('an item on which each fails in a link placed %s', placement => {
  const failing = { placement, each: step(STEPS, 'failsAt', 3) } as const

  it.concurrent('[L49] is skipped', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 6))
    await source.shutdown()
    const linked = link(source, destination, { ...failing, onError: 'skip' })
    await linked.done
    expect(await take(destination, 5)).toEqual([0, 1, 2, 4, 5])
    expect(source.metrics()).toMatchObject({ acked: 6, nacked: 0 })
  })

  it.concurrent('[L49] goes to the dead letters at once', async () => {
    const deadLetter = fifoQueue<number>()
    const source = fifoQueue<number>({ deadLetter })
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 6))
    await source.shutdown()
    await link(source, destination, { ...failing, onError: 'deadLetter' }).done
    const { value, headers } = await deadLetter.receive()
    expect([value, headers['x-attempts']]).toEqual([3, '1'])
    expect(destination.size).toBe(5)
  })

  it.concurrent('[L49] stops the link, and goes back', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 6))
    const linked = link(source, destination, { ...failing, onError: 'stop' })
    expect(await failureOf(linked.done)).toMatchObject({ code: 'ERR_SPECIAL' })
    await until(() => source.size + destination.size === 6)
    expect(await take(destination, 3)).toEqual([0, 1, 2])
  })

  it.concurrent('[L49] is tried again unless something else is asked for', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<{ item: number; attempt: number }>()
    await source.put(1)
    const linked = link(source, destination, { placement, each: step(STEPS, 'thirdTime'), onError: 'retry' })
    expect(await take(destination, 1)).toEqual([{ item: 1, attempt: 3 }])
    await linked.stop()
  })
})

it('[L47] leaves a child alone whose parent was asleep', async () => {
  const source = fifoQueue<number>()
  const destination = fifoQueue<number>()
  const linked = link(source, destination, { placement: 'process', heartbeat: 2000 })
  await childOf(linked)
  // As a suspended machine, or a parent that works for long: no timer fires meanwhile.
  const end = performance.now() + 5000
  while (performance.now() < end);
  await sleep(300)
  await source.put(1)
  expect(await take(destination, 1)).toEqual([1])
  expect(linked.metrics().restarts).toBe(0)
  await linked.stop()
})

describe.each(['process', 'thread'] as const)('several workers placed %s', placement => {
  it.concurrent('[L50] share the items of a queue, each of which is moved once', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<{ item: number; worker: string }>()
    await source.putBatch(range(0, 400))
    await source.shutdown()
    const o = { placement, workers: 3, prefetch: 8, each: step(STEPS, 'whoWorks'), closeOnComplete: true }
    const linked = link(source, destination, o)
    await linked.done
    expect(destination.closed).toBe(true)
    const items = await take(destination, 400)
    expect(items.map(({ item }) => item).sort((a, b) => a - b)).toEqual(range(0, 400))
    expect(new Set(items.map(({ worker }) => worker)).size).toBe(3)
    expect(linked.metrics()).toMatchObject({ items: 400, settled: 400 })
  })

  it.concurrent('[L50] lose nothing when one of them dies, and change their ends together', async () => {
    const source = fifoQueue<number>()
    const [first, second] = [fifoQueue<number>(), fifoQueue<number>()]
    const linked = link(source, first, {
      placement,
      workers: 2,
      restart: { backoff: 1 },
      each: step(STEPS, 'exitsOnce', join(workDir(), 'once')),
    })
    await source.putBatch(range(0, 50))
    expect((await take(first, 50)).sort((a, b) => a - b)).toEqual(range(0, 50))
    await linked.registered(linked.write(second))
    await source.putBatch(range(50, 60))
    expect((await take(second, 10)).sort((a, b) => a - b)).toEqual(range(50, 60))
    await linked.unregister(linked.metrics().destinations[0]?.id as number)
    await source.putBatch(range(60, 70))
    expect((await take(second, 10)).sort((a, b) => a - b)).toEqual(range(60, 70))
    const { moved } = await linked.stop()
    expect([moved, source.size]).toEqual([70, 0])
  })
})
