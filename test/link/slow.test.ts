import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointId, fifoQueue, type LinkStatus, type Queue, QueueLink, type WhenSlow } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { leavesNothing, PLACEMENTS, range, take, thrownBy, until } from './help.js'

leavesNothing()

interface Slow {
  readonly linked: QueueLink
  readonly source: Queue<number>
  /** As quick as the link. */
  readonly free: Queue<number>
  /** Has room for two. */
  readonly full: Queue<number>
  readonly id: EndpointId
}

/** A link with a window of 8 items, to a destination that always has room, and to one that is full with two. */
function slowLink(placement: (typeof PLACEMENTS)[number], whenSlow: WhenSlow): Slow {
  const [source, free, full] = [fifoQueue<number>(), fifoQueue<number>(), fifoQueue<number>({ capacity: 2 })]
  const linked = new QueueLink({ placement, prefetch: 8 })
  linked.read(source)
  linked.write(free)
  const id = linked.write(full, { whenSlow })
  return { linked, source, free, full, id }
}

function droppedOf(linked: QueueLink): number {
  return linked.metrics().destinations[1]?.dropped ?? 0
}

/** What comes to a queue until all of the 1,000 items of a source are settled. */
async function rest(queue: Queue<number>, source: Queue<number>): Promise<number[]> {
  const came: number[] = []
  const reading = queue.subscribe(item => void came.push(item))
  await until(() => source.metrics().acked === 1000)
  reading.unsubscribe()
  return came
}

/** So many items may, besides, be on their way to the destination. */
const ON_THE_WAY = 64

describe.each(PLACEMENTS)('a slow destination of a link placed %s', placement => {
  it.concurrent('[L14] holds up the others when it is to be waited for, at most by the window', async () => {
    const { linked, source, free, full } = slowLink(placement, 'wait')
    await source.putBatch(range(0, 100))
    await until(() => full.size === 2 && free.size === 10)
    await sleep(20)
    expect([free.size, source.metrics().acked]).toEqual([10, 2])
    expect(await take(full, 100)).toEqual(range(0, 100))
    await linked.stop()
  })

  it.concurrent('[L14][L15][P2] lets the others go on while its buffer has room, and loses nothing', async () => {
    const { linked, source, free, full } = slowLink(placement, { buffer: 500 })
    await source.putBatch(range(0, 1000))
    const window = 2 + 8 + 500 + ON_THE_WAY
    await until(() => free.size >= window)
    await sleep(20)
    expect([free.size, source.metrics().acked, full.size]).toEqual([window, 2, 2])
    expect(await take(full, 1000)).toEqual(range(0, 1000))
    expect(await take(free, 1000)).toEqual(range(0, 1000))
    expect(linked.metrics().destinations.map(({ dropped }) => dropped)).toEqual([0, 0])
    await linked.stop()
  })

  it.concurrent('[L14][L15] drops the oldest items that wait for it, and tells how many', async () => {
    const { linked, source, free, full } = slowLink(placement, { dropOldest: 5 })
    await source.putBatch(range(0, 1000))
    expect(await take(free, 1000)).toEqual(range(0, 1000))
    await until(() => droppedOf(linked) >= 1000 - 5 - 3 - ON_THE_WAY)
    const came = await rest(full, source)
    expect(came.slice(0, 2)).toEqual([0, 1])
    expect(came.slice(-5)).toEqual(range(995, 1000))
    expect(came).toEqual([...came].sort((a, b) => a - b))
    const { destinations } = await linked.stop()
    expect(destinations[1]).toMatchObject({ stored: came.length, dropped: 1000 - came.length, left: 0 })
  })

  it.concurrent('[L14][L15] drops the newest items when its buffer is full', async () => {
    const { linked, source, free, full } = slowLink(placement, { dropNewest: 5 })
    await source.putBatch(range(0, 1000))
    expect(await take(free, 1000)).toEqual(range(0, 1000))
    await until(() => droppedOf(linked) >= 1000 - 5 - 3 - ON_THE_WAY)
    const came = await rest(full, source)
    // Few after the first may have come when there was room again.
    expect(came.slice(0, 7)).toEqual(range(0, 7))
    expect(came.at(-1)).toBeLessThan(200)
    expect(came).toEqual([...came].sort((a, b) => a - b))
    const { destinations } = await linked.stop()
    expect(destinations[1]).toMatchObject({ stored: came.length, dropped: 1000 - came.length, left: 0 })
  })

  it.concurrent('[L16] never loses what no other destination has stored: it comes again', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 2 })
    const linked = new QueueLink({ placement })
    linked.read(source)
    linked.write(full, { whenSlow: { dropNewest: 3 } })
    await source.putBatch(range(0, 200))
    await until(() => (linked.metrics().destinations[0]?.dropped as number) > 0)
    const came = new Set(await take(full, 200))
    expect([...came].sort((a, b) => a - b)).toEqual(range(0, 200))
    expect(source.metrics()).toMatchObject({ nacked: 0 })
    await until(() => source.metrics().acked === 200)
    await linked.stop()
  })

  it.concurrent('[L14][L46] is detached when it stores nothing for its time, and the others go on', async () => {
    const { linked, source, free, full, id } = slowLink(placement, { detach: 50 })
    const seen: LinkStatus[] = []
    linked.status$.subscribe(status => void seen.push(status))
    await source.putBatch(range(0, 100))
    expect(await take(free, 100)).toEqual(range(0, 100))
    expect(full.size).toBe(2)
    await until(() => source.metrics().acked === 100)
    await until(() => seen.at(-1)?.why.includes('detached') ?? false)
    expect(seen.at(-1)?.state).toBe('running')
    expect(linked.metrics().destinations).toHaveLength(1)
    expect(thrownBy(() => linked.getQueue(id))).toMatchObject({ code: 'ERR_LINK_ENDPOINT' })
    linked.write(full)
    expect(await take(full, 2)).toEqual([0, 1])
    await source.put(7)
    expect(await full.get({ timeout: 15_000 })).toBe(7)
    await linked.stop()
  })

  it.concurrent('[L45][L46] leaves the link paused, and its items in their source, when the last is detached', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 2 })
    const linked = new QueueLink({ placement })
    linked.read(source)
    linked.write(full, { whenSlow: { detach: 50 } })
    const states: string[] = []
    linked.status$.subscribe(({ state }) => void states.push(state))
    await source.putBatch(range(0, 10))
    await until(() => states.at(-1) === 'paused')
    await until(() => source.size === 8)
    expect([source.metrics().acked, full.size]).toEqual([2, 2])
    await linked.stop()
  })

  it.concurrent('[L46] that stores now and then is not detached', async () => {
    const { linked, source, free, full } = slowLink(placement, { detach: 2000 })
    await source.putBatch(range(0, 12))
    expect(await take(full, 6)).toEqual(range(0, 6))
    await sleep(20)
    expect(await take(full, 6)).toEqual(range(6, 12))
    expect(await take(free, 12)).toEqual(range(0, 12))
    expect(linked.metrics().destinations).toHaveLength(2)
    await linked.stop()
  })
})

it('[L14][Q16.5] refuses a policy that is none, and adds nothing', () => {
  const linked = new QueueLink()
  const bad = ['drop', { buffer: 0 }, { buffer: 1.5 }, { detach: -1 }, { buffer: 1, detach: 1 }, {}, null, 5]
  for (const whenSlow of bad) {
    expect(thrownBy(() => linked.write(fifoQueue(), { whenSlow: whenSlow as never }))).toMatchObject({
      code: 'ERR_OPTION',
    })
  }
  expect(linked.metrics().destinations).toEqual([])
})
