import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import {
  defineGraph,
  fifo,
  fifoQueue,
  type LinkOptions,
  type LinkStatus,
  link,
  type QueueLink,
  runGraph,
  type SyncQueue,
  sharedQueue,
  step,
} from 'queuelink'
import { filter, firstValueFrom } from 'rxjs'
import { describe, expect, it } from 'vitest'
import {
  childOf,
  failureOf,
  feedUntilDead,
  leavesNothing,
  lives,
  range,
  STEPS,
  take,
  thrownBy,
  until,
  workDirs,
} from './help.js'

const workDir = workDirs()
leavesNothing()

const CHILDREN = ['process', 'thread'] as const

interface Line {
  readonly from: SyncQueue<number>
  readonly to: SyncQueue<number>
  readonly linked: QueueLink
}

/** A link from one queue in memory to another. */
function line(o: LinkOptions<number, number>): Line {
  const [from, to] = [fifoQueue<number>(), fifoQueue<number>()]
  return { from, to, linked: link(from, to, o) }
}

async function placeOf({ linked }: Line): Promise<number | undefined> {
  const { pid, threadId } = await firstValueFrom(linked.status$.pipe(filter(({ state }) => state === 'running')))
  return pid ?? threadId
}

function statuses({ linked }: Line): LinkStatus[] {
  const seen: LinkStatus[] = []
  linked.status$.subscribe(status => void seen.push(status))
  return seen
}

/** All that come, in the order in which each came first. */
async function distinct(queue: SyncQueue<number>, count: number): Promise<number[]> {
  const seen = new Set<number>()
  while (seen.size < count) for (const n of await queue.getBatch(count, { timeout: 15_000 })) seen.add(n)
  return [...seen]
}

describe.each(CHILDREN)('links of a group placed %s', placement => {
  it.concurrent('[L58] share one child, also one that comes later', async () => {
    const group = randomUUID()
    const lines = [line({ placement, group }), line({ placement, group })]
    const places = await Promise.all(lines.map(placeOf))
    const later = line({ placement, group, through: step(STEPS, 'times', 3) })
    places.push(await placeOf(later))
    expect(new Set(places).size).toBe(1)
    lines.push(later)
    for (const { from } of lines) await from.putBatch(range(0, 500))
    const moved = await Promise.all(lines.map(({ to }) => take(to, 500)))
    expect(moved).toEqual([range(0, 500), range(0, 500), range(0, 500).map(n => 3 * n)])
    for (const { linked } of lines) await linked.stop()
  })

  it.concurrent('[L58] have children of their own for each name', async () => {
    const lines = [line({ placement, group: randomUUID() }), line({ placement, group: randomUUID() })]
    const places = await Promise.all(lines.map(placeOf))
    expect(new Set(places).size).toBe(2)
    for (const { linked } of lines) await linked.stop()
  })

  it.concurrent('[L58] fail where they are to be restarted in different ways', async () => {
    const group = randomUUID()
    const first = line({ placement, group, restart: { max: 1 } })
    await placeOf(first)
    const error = await failureOf(line({ placement, group, restart: { max: 2 } }).linked.done)
    expect(error).toMatchObject({ code: 'ERR_LINK_GROUP', message: expect.stringContaining(group) })
    await first.linked.stop()
  })

  it.concurrent('[L60] leave the others running when they stop, or are done; the last one ends the child', async () => {
    const group = randomUUID()
    const [first, second, third] = [line({ placement, group }), line({ placement, group }), line({ placement, group })]
    const where = await placeOf(third)
    const seen = statuses(third)
    await first.from.putBatch(range(0, 10))
    await first.from.shutdown()
    await first.linked.done
    await second.linked.stop()
    await third.from.put(7)
    expect([await third.to.get(), await take(first.to, 10)]).toEqual([7, range(0, 10)])
    expect(seen.map(({ state }) => state)).toEqual(['running'])
    await third.linked.stop()
    if (placement === 'process') expect(lives(where as number)).toBe(false)
  })

  it.concurrent('[L60] go on in another child when one of them hangs, and is stopped', async () => {
    const o = { placement, group: randomUUID(), restart: { backoff: 1 } } as const
    const begun = join(workDir(), 'begun')
    const [hangs, other] = [line({ ...o, each: step(STEPS, 'hangsAfter', begun) }), line(o)]
    await placeOf(other)
    await hangs.from.put(1)
    await until(() => existsSync(begun))
    expect(await hangs.linked.stop({ timeout: 0 })).toMatchObject({ moved: 0, returned: 1, forced: true })
    await other.from.put(2)
    expect([await other.to.get({ timeout: 15_000 }), hangs.from.size]).toEqual([2, 1])
    expect(other.linked.metrics().restarts).toBe(1)
    await other.linked.stop()
  })

  it.concurrent('[L59] go on together in one other child when theirs ends, and lose nothing', async () => {
    const o = { placement, group: randomUUID(), restart: { backoff: 1 } } as const
    const marker = join(workDir(), 'ended')
    const lines = [line({ ...o, each: step(STEPS, 'exitsOnce', marker) }), line(o), line(o)]
    const before = await Promise.all(lines.map(placeOf))
    const seen = lines.map(statuses)
    for (const { from } of lines) await from.putBatch(range(0, 200))
    const moved = await Promise.all(lines.map(({ to }) => distinct(to, 200)))
    for (const items of moved) expect(items.sort((a, b) => a - b)).toEqual(range(0, 200))
    const after = seen.map(all =>
      all.flatMap(({ state, pid, threadId }) => (state === 'running' ? [pid ?? threadId] : [])),
    )
    expect(new Set(after.map(places => places.at(-1))).size).toBe(1)
    expect(new Set([...before, ...after.map(places => places.at(-1))]).size).toBe(2)
    expect(lines.map(({ linked }) => linked.metrics().restarts)).toEqual([1, 1, 1])
    for (const { linked } of lines) await linked.stop()
  })
})

it.concurrent('[L59][L48] blame the item that ends their child, and no item of another link', async () => {
  const o = { placement: 'process', group: randomUUID(), restart: { backoff: 1 } } as const
  const deadLetter = fifoQueue<number>()
  const poisoned = fifoQueue<number>({ maxAttempts: 2, deadLetter })
  const lost = fifoQueue<number>()
  const healthy = fifoQueue<number>({ maxAttempts: 2, deadLetter: lost })
  const [to, other] = [fifoQueue<number>(), fifoQueue<number>()]
  await poisoned.putBatch(range(1000, 1020))
  const linked = link(poisoned, to, { ...o, each: step(STEPS, 'exitsOn', 1010), concurrency: 4 })
  const beside = link(healthy, other, { ...o, each: step(STEPS, 'slow') })
  const { put, value, reason } = await feedUntilDead(healthy, deadLetter)
  expect([value, reason]).toEqual([1010, expect.stringContaining('alone in work')])
  await poisoned.shutdown()
  await healthy.shutdown()
  await Promise.all([linked.done, beside.done])
  expect(new Set(await take(to, to.size)).size).toBe(19)
  expect([new Set(await take(other, other.size)).size, lost.size, deadLetter.size]).toEqual([put, 0, 0])
})

it.concurrent('[L59] lose nothing when their child is killed again and again', async () => {
  const o = { placement: 'process', group: randomUUID(), restart: { backoff: 1 } } as const
  const [from, to] = [await sharedQueue<number>(randomUUID()), await sharedQueue<number>(randomUUID())]
  const own = line(o)
  const common = link(from, to, o)
  const count = 20_000
  const putting = [from, own.from].map(async queue => {
    for (let n = 0; n < count; n += 100) await queue.putBatch(range(n, n + 100))
  })
  const moved = [to, own.to].map(queue => distinct(queue, count))
  for (let kill = 0; kill < 4; kill++) process.kill(await childOf(own.linked), 'SIGKILL')
  await Promise.all(putting)
  for (const items of await Promise.all(moved)) expect(items.sort((a, b) => a - b)).toEqual(range(0, count))
  expect(own.linked.metrics().restarts).toBe(common.metrics().restarts)
  await Promise.all([own.linked.stop(), common.stop()])
  await Promise.all([from.unlink(), to.unlink()])
})

it('[L58][Q16.5] refuses a group where there is not one child', () => {
  const refusals = [
    { group: 'a' },
    { group: 'a', placement: 'inline' },
    { group: '', placement: 'process' },
    { group: 'a', placement: 'process', workers: 2 },
  ] as const
  for (const o of refusals) {
    expect(thrownBy(() => link(fifoQueue(), fifoQueue(), o))).toMatchObject({ code: 'ERR_OPTION' })
  }
})

it.concurrent('[L58] makes one child of a group in each run of a graph', async () => {
  const together = { placement: 'process', group: 'both' } as const
  const graph = defineGraph({
    name: 'grouped',
    queues: { a: fifo<string>(), b: fifo<string>(), c: fifo<string>() },
    links: [
      { from: 'a', to: 'b', ...together, each: step(STEPS, 'upper') },
      { from: 'b', to: 'c', ...together },
    ],
  })
  const runs = [await runGraph(graph), await runGraph(graph)]
  const children = await Promise.all(runs.map(({ links }) => Promise.all(Object.values(links).map(childOf))))
  for (const [one, other] of children) expect(one).toBe(other)
  expect(children[0]?.[0]).not.toBe(children[1]?.[0])
  for (const { queues, done } of runs) {
    await queues.a.putBatch(['x', 'y'])
    await queues.a.shutdown()
    await done
    expect(await queues.c.getBatch(2)).toEqual(['X', 'Y'])
  }
})

it('[L58][L36] refuses groups of a graph whose links do not agree', () => {
  const graph = (one: object, other: object) => () => {
    const o = { placement: 'process', group: 'g' } as const
    const queues = { a: fifo(), b: fifo(), c: fifo() }
    return defineGraph({
      name: 'x',
      queues,
      links: [
        { from: 'a', to: 'b', ...o, ...one },
        { from: 'b', to: 'c', ...o, ...other },
      ],
    })
  }
  const places = thrownBy(graph({}, { placement: 'thread' }))
  expect(places.message).toBe(
    `graph 'x', group 'g': links of a group share a child; placement is "process" in 'a → b', and "thread" in 'b → c'`,
  )
  expect(thrownBy(graph({}, { restart: { max: 1 } })).message).toMatch(
    /^graph 'x', group 'g': .*restart is .*5.* in 'a → b', and .*1/,
  )
  expect(thrownBy(graph({}, { workers: 2 })).message).toMatch(
    /^graph 'x', link 2 \('b → c'\): .*group 'g', which has one child/,
  )
  expect(graph({ restart: { max: 5 } }, {})().links).toHaveLength(2)
})
