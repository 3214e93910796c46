import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { type EndpointId, fifoQueue, type LinkStatus, link, QueueLink, type SyncQueue, step } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { failureOf, leavesNothing, PLACEMENTS, range, STEPS, take, thrownBy, until, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

/** The states that a link tells, as they come. */
function statesOf(linked: QueueLink): LinkStatus[] {
  const seen: LinkStatus[] = []
  linked.status$.subscribe(status => void seen.push(status))
  return seen
}

describe.each(PLACEMENTS)('a running link placed %s', placement => {
  it.concurrent('[L9] includes a destination in every take from registered() on', async () => {
    const source = fifoQueue<number>()
    const first = fifoQueue<number>()
    await using linked = link(source, first, { placement })
    await source.put(1)
    expect(await first.get({ timeout: 15_000 })).toBe(1)
    const late = fifoQueue<number>()
    await linked.registered(linked.write(late))
    await source.putBatch([2, 3])
    expect(await take(late, 2)).toEqual([2, 3])
    const other = fifoQueue<number>()
    await linked.registered(linked.read(other))
    await other.put(4)
    expect(await take(late, 1)).toEqual([4])
  })

  it.concurrent('[L9] tells that an endpoint will never be registered', async () => {
    const source = fifoQueue<number>()
    const waiting = new QueueLink({ placement })
    const registered = waiting.registered(waiting.read(source))
    await waiting.stop()
    expect(await failureOf(registered)).toMatchObject({ code: 'ERR_LINK_ENDED' })
    expect(await failureOf(waiting.registered(99))).toMatchObject({ code: 'ERR_LINK_ENDPOINT' })
  })

  it.concurrent('[L10][L55] stores what it owes to a destination that leaves, and nothing that is taken later', async () => {
    const source = fifoQueue<number>()
    const stays = fifoQueue<number>()
    const leaves = fifoQueue<number>({ capacity: 2 })
    await source.putBatch(range(0, 20))
    const linked = link(source, [stays, leaves], { placement })
    await take(stays, 20)
    const [, id] = linked.metrics().destinations.map(end => end.id)
    let gone = false
    const leaving = linked.unregister(id as EndpointId).then(() => {
      gone = true
    })
    await source.putBatch(range(20, 30))
    expect(await take(stays, 10)).toEqual(range(20, 30))
    expect(gone).toBe(false)
    expect(await take(leaves, 20)).toEqual(range(0, 20))
    await leaving
    expect(leaves.size).toBe(0)
    await until(() => source.metrics().acked === 30)
    await linked.stop()
  })

  it.concurrent('[L10] owes a destination what each has in work when it leaves', async () => {
    const source = fifoQueue<number>()
    const [stays, leaves] = [fifoQueue<number>(), fifoQueue<number>()]
    await source.putBatch(range(0, 40))
    await using linked = link(source, stays, { placement, each: step(STEPS, 'slow'), concurrency: 4, prefetch: 40 })
    const id = linked.write(leaves)
    await until(() => linked.metrics().items === 40)
    await linked.unregister(id)
    const owed = leaves.size
    expect(owed).toBeGreaterThan(30)
    expect((await take(leaves, owed)).sort((a, b) => a - b)).toEqual(range(40 - owed, 40))
    await source.put(99)
    expect((await take(stays, 41)).sort((a, b) => a - b)).toEqual([...range(0, 40), 99])
    expect(leaves.size).toBe(0)
  })

  it.concurrent('[L10][L16][L55] gives back, cut short, what only the destination that leaves was to store', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 2 })
    await source.putBatch(range(0, 10))
    await using linked = link(source, full, { placement })
    await until(() => full.size === 2 && linked.metrics().settled === 2)
    const [id] = linked.metrics().destinations.map(end => end.id)
    await linked.unregister(id as EndpointId, { timeout: 20 })
    await until(() => source.size === 8)
    expect(full.size).toBe(2)
    expect(source.metrics()).toMatchObject({ acked: 2, nacked: 0 })
    const next = fifoQueue<number>()
    linked.write(next)
    expect(await take(next, 8)).toEqual(range(2, 10))
  })

  it.concurrent('[L10][L55] acknowledges, cut short, what the others have stored', async () => {
    const source = fifoQueue<number>()
    const [free, full] = [fifoQueue<number>(), fifoQueue<number>({ capacity: 1 })]
    await source.putBatch(range(0, 10))
    await using linked = link(source, [free, full], { placement })
    await take(free, 10)
    const [, id] = linked.metrics().destinations.map(end => end.id)
    await linked.unregister(id as EndpointId, { force: true })
    await until(() => source.metrics().acked === 10)
    expect([free.size, full.size]).toEqual([0, 1])
  })

  it.concurrent('[L45][P42] pauses without a destination, acknowledges nothing, and says so', async () => {
    const source = fifoQueue<number>()
    const first = fifoQueue<number>()
    const linked = link(source, first, { placement })
    const seen = statesOf(linked)
    await source.put(1)
    expect(await first.get({ timeout: 15_000 })).toBe(1)
    const [id] = linked.metrics().destinations.map(end => end.id)
    await linked.unregister(id as EndpointId)
    await source.putBatch([2, 3])
    await sleep(30)
    expect([source.size, source.metrics().acked, linked.isAlive()]).toEqual([2, 1, true])
    const next = fifoQueue<number>()
    linked.write(next)
    expect(await take(next, 2)).toEqual([2, 3])
    expect(seen.map(({ state }) => state)).toEqual(['starting', 'starting', 'running', 'paused', 'running'])
    await linked.stop()
  })

  it.concurrent('[L10] lets go of a source when what it gave is stored, or at once', async () => {
    const [stays, leaves, forced] = [fifoQueue<number>(), fifoQueue<number>(), fifoQueue<number>()]
    const destination = fifoQueue<number>({ capacity: 3 })
    await leaves.putBatch([1, 2])
    await using linked = link([stays, leaves], destination, { placement })
    const ids = linked.metrics().sources.map(end => end.id)
    await until(() => destination.size === 2)
    await linked.unregister(ids[1] as EndpointId)
    await leaves.put(3)
    await stays.put(4)
    await until(() => destination.size === 3)
    expect(await take(destination, 3)).toEqual([1, 2, 4])
    expect(leaves.size).toBe(1)
    await destination.putBatch([7, 8, 9])
    await forced.putBatch([5, 6])
    const id = linked.read(forced)
    await until(() => linked.metrics().unsettled === 2)
    await linked.unregister(id, { force: true })
    await until(() => forced.size === 2)
    expect(linked.metrics()).toMatchObject({ items: 3 + 0, settled: 3 })
  })

  it.concurrent('[L10] closes a file that leaves, whole, and may be given it again then', async () => {
    const file = join(workDir(), 'out')
    const source = fifoQueue<string>()
    const stays = fifoQueue<string>()
    await using linked = link(source, [stays, file], { placement })
    const [, id] = linked.metrics().destinations.map(end => end.id)
    await source.putBatch(['a', 'b'])
    await take(stays, 2)
    await linked.unregister(id as EndpointId)
    expect(readFileSync(file, 'utf8')).toBe('a\nb\n')
    await linked.registered(linked.write({ path: file, append: true }))
    await source.put('c')
    await until(() => readFileSync(file, 'utf8') === 'a\nb\nc\n')
  })

  it.concurrent('[L5] refuses an endpoint that is still leaving', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 1 })
    await source.putBatch([1, 2])
    await using linked = link(source, [full, fifoQueue()], { placement })
    await until(() => full.size === 1 && linked.metrics().items === 2)
    const leaving = linked.unregister(linked.metrics().destinations[0]?.id as EndpointId)
    expect(thrownBy(() => linked.write(full))).toMatchObject({ code: 'ERR_LINK_TWICE' })
    expect(await take(full, 2)).toEqual([1, 2])
    await leaving
    linked.write(full)
  })

  it.concurrent('answers for its queues: given, empty, drained, one taken from each', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    const linked = new QueueLink({ placement })
    const [from, to] = [linked.read(source), linked.write(destination)]
    expect([linked.getQueue(from), linked.getQueue(to)]).toEqual([source, destination])
    expect([linked.isEmpty(), linked.isDrained()]).toEqual([true, false])
    const waiting = new QueueLink({ placement })
    const held = fifoQueue<number>()
    await held.put(1)
    const [empty, full] = [waiting.read(fifoQueue<number>()), waiting.read(held)]
    expect([waiting.isEmpty(), waiting.isEmpty(empty), waiting.isEmpty(full)]).toEqual([false, true, false])
    await source.putBatch([1, 2])
    await until(() => destination.size === 2)
    await until(() => linked.metrics().unsettled === 0)
    expect([linked.isEmpty(from), linked.isDrained(from), linked.isDrained()]).toEqual([true, true, false])
    expect(await linked.takeOne('destination')).toEqual(new Map([[to, 1]]))
    expect(await linked.takeOne('source')).toEqual(new Map())
    expect(await destination.get()).toBe(2)
    expect(linked.isDrained()).toBe(true)
    await linked.stop()
  })
})

// ── many changes at random ────────────────────────────────────────────────────────────────────────────────────────

interface Change {
  readonly what: 'write' | 'unregister' | 'put' | 'rest'
  readonly which: number
  readonly many: number
}

const changes = (count: number): fc.Arbitrary<Change[]> =>
  fc.array(
    fc.record({
      what: fc.constantFrom<Change['what']>(
        'write',
        'unregister',
        'write',
        'unregister',
        'unregister',
        'put',
        'put',
        'rest',
      ),
      which: fc.nat(4),
      many: fc.integer({ min: 1, max: 12 }),
    }),
    { minLength: count, maxLength: count },
  )

/** The n-th of source s. As nothing fails here, the link takes them in this order, and each once. */
interface Item {
  readonly s: number
  readonly n: number
}

/** How many items of each source the link had taken when a destination came, and when it went. */
interface Membership {
  readonly from: readonly number[]
  until: readonly number[]
}

/** Runs the changes on a link of 3 sources and up to 5 destinations, and holds what came against what had to. */
async function change(plan: readonly Change[], placement: (typeof PLACEMENTS)[number], slow: boolean): Promise<number> {
  const sources = range(0, 3).map(() => fifoQueue<Item>())
  const put = [0, 0, 0]
  const destinations = range(0, 5).map(n => fifoQueue<Item>({ capacity: n === 4 ? 8 : 10_000 }))
  const got = destinations.map((): Item[] => [])
  const reading = destinations.map((queue, d) => queue.consume(item => void got[d]?.push(item)))
  const memberships = destinations.map((): Membership[] => [])
  const ids = new Map<number, EndpointId>()
  const leaving = new Map<number, Promise<void>>()
  const linked = new QueueLink({ placement, prefetch: 16, ...(slow ? { each: step(STEPS, 'turn') } : {}) })
  const taken = (): number[] => linked.metrics().sources.map(({ items }) => items)
  const add = (d: number): void => {
    memberships[d]?.push({ from: taken(), until: put })
    ids.set(d, linked.write(destinations[d] as SyncQueue<Item>))
  }
  for (const source of sources) linked.read(source)
  add(0)
  let done = 0
  for (const { what, which, many } of plan) {
    const id = ids.get(which)
    if (what === 'put') {
      const s = which % 3
      const first = put[s] as number
      put[s] = first + many
      await sources[s]?.putBatch(range(first, first + many).map(n => ({ s, n })))
    } else if (what === 'rest') await sleep(many % 3)
    else if (what === 'write' && id === undefined) {
      await leaving.get(which)
      add(which)
      done++
    } else if (what === 'unregister' && id !== undefined) {
      ids.delete(which)
      const membership = memberships[which]?.at(-1) as Membership
      membership.until = taken()
      leaving.set(which, linked.unregister(id))
      done++
    }
  }
  if (ids.size === 0) linked.write(fifoQueue<Item>())
  for (const source of sources) await source.shutdown()
  await linked.done
  await Promise.all(leaving.values())
  await Promise.all(destinations.map(queue => queue.shutdown()))
  await Promise.all(reading)
  for (const [d, items] of got.entries()) {
    for (const s of [0, 1, 2]) {
      const came = items.filter(item => item.s === s).map(({ n }) => n)
      expect(came).toEqual(memberships[d]?.flatMap(({ from, until }) => range(from[s] ?? 0, until[s] as number)))
    }
  }
  return done
}

describe.each(PLACEMENTS)('500 changes at random of a link placed %s', placement => {
  it.each([
    [1, 'at once', false],
    [2, 'at once', false],
    [3, 'by a step that takes its time', true],
  ])(
    '[L8][L9][L10][L11] bring every destination what was taken while it was there, and nothing else (seed %i, %s)',
    async (seed, _, slow) => {
      const [plan = []] = fc.sample(changes(2000), { seed, numRuns: 1 })
      expect(await change(plan, placement, slow)).toBeGreaterThan(500)
    },
  )
})
