import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fifoQueue, type LinkStatus, link, type QueueLink, step } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { childOf, childrenOf, failureOf, leavesNothing, range, STEPS, take, until, workDirs } from '../link/help.js'

const workDir = workDirs()
leavesNothing()

const placement = 'process'

/** Kills the link's child again and again, so many milliseconds after each has started. */
async function killChildren(linked: QueueLink, after: readonly number[]): Promise<void> {
  for (const ms of after) {
    const pid = await childOf(linked)
    await sleep(ms)
    const { restarts } = linked.metrics()
    process.kill(pid, 'SIGKILL')
    await until(() => linked.metrics().restarts > restarts, 'a restart')
  }
}

/** Seeded, so that a failure can be repeated. */
function delays(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state % 60
  })
}

/** The first arrivals, in their order. */
const first = <T>(items: readonly T[]): T[] => [...new Set(items)]

describe('a child that is killed', () => {
  it.concurrent.each([1, 2, 3])(
    '[L13][L27][L28] loses nothing of a queue, and keeps its order (seed %i)',
    async seed => {
      const source = fifoQueue<number>()
      const destination = fifoQueue<number>()
      const other = fifoQueue<number>()
      await source.putBatch(range(0, 5000))
      const linked = link(source, [destination, other], {
        placement,
        each: step(STEPS, 'slow'),
        concurrency: 64,
        restart: { backoff: 1 },
      })
      await killChildren(linked, delays(seed, 4))
      await source.shutdown()
      await linked.done
      for (const queue of [destination, other]) {
        const items = await take(queue, queue.size)
        expect(first(items).sort((a, b) => a - b)).toEqual(range(0, 5000))
      }
      expect(linked.metrics()).toMatchObject({ settled: 5000, unsettled: 0, restarts: 4 })
    },
  )

  it.concurrent('[Q1.1][L28] keeps the order of each source apart from repeats', async () => {
    const sources = [fifoQueue<string>(), fifoQueue<string>()]
    const destination = fifoQueue<string>({ capacity: 50 })
    for (const [s, source] of sources.entries()) await source.putBatch(range(0, 1500).map(n => `${s}:${n}`))
    const linked = link(sources, destination, { placement, restart: { backoff: 1 }, prefetch: 40 })
    const arrived: string[] = []
    const reading = destination.consume(async item => {
      arrived.push(item)
      if (arrived.length % 20 === 0) await sleep(1)
    })
    await killChildren(linked, delays(7, 3))
    for (const source of sources) await source.shutdown()
    await linked.done
    await destination.shutdown()
    await reading
    for (const s of [0, 1]) {
      const mine = arrived.filter(item => item.startsWith(`${s}:`))
      expect(first(mine)).toEqual(range(0, 1500).map(n => `${s}:${n}`))
    }
  })

  it.concurrent.each([11, 12])('[L30][L31] reads a file on, and leaves no torn line (seed %i)', async seed => {
    const dir = workDir()
    const lines = range(0, 60_000).map(n => `${n} ${'x'.repeat(n % 200)}`)
    writeFileSync(join(dir, 'in'), `${lines.join('\n')}\n`)
    writeFileSync(join(dir, 'out'), 'what was there before\n')
    const linked = link(join(dir, 'in'), [join(dir, 'out'), fifoQueue({ name: 'held' })], {
      placement,
      each: step(STEPS, 'slow'),
      concurrency: 256,
      restart: { backoff: 1 },
    })
    await killChildren(linked, delays(seed, 3))
    await linked.done
    const text = readFileSync(join(dir, 'out'), 'utf8')
    expect(text.endsWith('\n')).toBe(true)
    const written = new Set(text.split('\n').slice(0, -1))
    expect(written.size).toBe(lines.length)
    expect(lines.filter(line => !written.has(line))).toEqual([])
    expect(linked.metrics().restarts).toBe(3)
  })

  it('[L3] before it opened its file does not keep the next from replacing it', async () => {
    const out = join(workDir(), 'out')
    writeFileSync(out, 'old\n')
    const source = fifoQueue<string>()
    const others = new Set(childrenOf(process.pid))
    const linked = link(source, out, { placement, restart: { backoff: 1 } })
    const early = (): number | undefined => childrenOf(process.pid).find(pid => !others.has(pid))
    await until(() => early() !== undefined)
    process.kill(early() as number, 'SIGKILL')
    expect(readFileSync(out, 'utf8')).toBe('old\n')
    await source.put('new')
    await source.shutdown()
    await linked.done
    expect(readFileSync(out, 'utf8')).toBe('new\n')
  })

  it.concurrent('[L3][L31] has its late files replaced once, and written on by the next', async () => {
    const dir = workDir()
    const late = join(dir, 'late')
    writeFileSync(late, 'old\n')
    const source = fifoQueue<string>()
    const kept = fifoQueue<string>()
    const linked = link(source, kept, { placement, restart: { backoff: 1 } })
    await killChildren(linked, [0])
    linked.write(late)
    await source.put('one')
    await until(() => linked.metrics().settled === 1)
    await killChildren(linked, [0])
    await source.put('two')
    await source.shutdown()
    await linked.done
    expect(readFileSync(late, 'utf8').split('\n')).toEqual(expect.arrayContaining(['one', 'two']))
    expect(readFileSync(late, 'utf8')).not.toContain('old')
  })

  it.concurrent('[L8] leaves a link that takes more endpoints while it waits', async () => {
    const source = fifoQueue<number>()
    const late = fifoQueue<number>()
    const destination = fifoQueue<number>()
    const lateDestination = fifoQueue<number>()
    const linked = link(source, destination, { placement, restart: { backoff: 50 } })
    const waiting = new Promise<LinkStatus>(resolve => {
      linked.status$.subscribe(status => void (status.state === 'restarting' && resolve(status)))
    })
    process.kill(await childOf(linked), 'SIGKILL')
    expect((await waiting).why).toContain('SIGKILL')
    linked.read(late)
    linked.write(lateDestination)
    await late.put(1)
    expect([await destination.get({ timeout: 15_000 }), await lateDestination.get({ timeout: 15_000 })]).toEqual([1, 1])
    await linked.stop()
    expect(late.metrics().acked).toBe(1)
  })

  it.concurrent('can be stopped while the link waits to start another', async () => {
    const source = fifoQueue<number>()
    const linked = link(source, fifoQueue(), { placement, restart: { backoff: 5000 } })
    process.kill(await childOf(linked), 'SIGKILL')
    await until(() => linked.metrics().restarts === 1)
    await source.put(1)
    expect(await linked.stop()).toMatchObject({ moved: 0, forced: false })
    expect(source.size).toBe(1)
  })
})

describe('a child that dies each time', () => {
  it.concurrent('[L28][P30] ends the link after restart.max, with all items in their queue', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 100))
    const linked = link(source, destination, { placement, each: step(STEPS, 'exits'), restart: { max: 2, backoff: 1 } })
    const error = await failureOf(linked.done)
    expect(error).toMatchObject({
      name: 'LinkError',
      code: 'ERR_LINK_CHILD',
      message: expect.stringContaining('code 3'),
    })
    expect(linked.metrics()).toMatchObject({ restarts: 2, settled: 0 })
    expect(await take(source, 100)).toEqual(range(0, 100))
    expect(destination.size).toBe(0)
  })

  it.concurrent('[L28] ends the link at once with max: 0', async () => {
    const source = fifoQueue<number>()
    await source.put(1)
    const o = { placement, through: step(STEPS, 'killedBy', 1), restart: { max: 0 } } as const
    expect(await failureOf(link(source, fifoQueue(), o).done)).toMatchObject({ code: 'ERR_LINK_CHILD' })
    expect(source.size).toBe(1)
  })

  it.concurrent('[L28] of one item ends the link, with that item in its queue and no other lost', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 30))
    const o = { placement, through: step(STEPS, 'killedBy', 20), restart: { max: 2, backoff: 1 } } as const
    const linked = link(source, destination, o)
    expect(await failureOf(linked.done)).toMatchObject({
      code: 'ERR_LINK_CHILD',
      message: expect.stringContaining('SIGKILL'),
    })
    const left = await take(source, source.size)
    expect(left).toContain(20)
    const arrived = first(await take(destination, destination.size))
    // Those behind it may pass while it rests.
    expect(arrived).not.toContain(20)
    expect(first([...arrived, ...left]).sort((a, b) => a - b)).toEqual(range(0, 30))
  })
})
