import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fifoQueue, type LinkReport, link, step } from 'queuelink'
import { filter, firstValueFrom, NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { childOf, childrenOf, leavesNothing, lives, PLACEMENTS, range, STEPS, take, until, workDirs } from './help.js'

const workDir = workDirs()
leavesNothing()

/** What is left in a queue once nothing rests any more. */
async function all(queue: ReturnType<typeof fifoQueue<number>>): Promise<number[]> {
  return (await take(queue, queue.size)).sort((a, b) => a - b)
}

async function timed(work: Promise<LinkReport>): Promise<{ report: LinkReport; ms: number }> {
  const start = performance.now()
  const report = await work
  return { report, ms: performance.now() - start }
}

describe.each(PLACEMENTS)('stop() of a link placed %s', placement => {
  it.concurrent('[L34] stores what is under way, takes nothing more, and reports', async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 100))
    const linked = link(source, destination, { placement, each: step(STEPS, 'slow'), concurrency: 4 })
    await until(() => destination.size > 0)
    const report = await linked.stop({ timeout: 20_000 })
    const moved = destination.size
    expect(report).toMatchObject({ moved, forced: false, metrics: { settled: moved, restarts: 0 } })
    expect([...(await all(destination)), ...(await all(source))]).toEqual(range(0, 100))
    await source.put(7)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect([source.size, destination.size]).toEqual([1, 0])
    await linked.done
  })

  it.concurrent('[L35][L39][P1] returns in time though a destination is full and nobody reads, and loses nothing', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 10 })
    const free = fifoQueue<number>()
    await source.putBatch(range(0, 1000))
    const linked = link(source, [full, free], { placement, prefetch: 64 })
    await until(() => full.size === 10 && free.size >= 64)
    const { report, ms } = await timed(linked.stop({ timeout: 200 }))
    expect(ms).toBeLessThan(2000)
    expect(report).toMatchObject({ moved: 10, forced: true })
    expect(report.returned).toBeGreaterThanOrEqual(54)
    expect(await all(full)).toEqual(range(0, 10))
    expect(await all(source)).toEqual(range(10, 1000))
  })

  it.concurrent('[L35] returns in time though a handler never does', async () => {
    const source = fifoQueue<number>()
    await source.putBatch(range(0, 10))
    const linked = link(source, fifoQueue(), { placement, each: step(STEPS, 'neverEnds'), concurrency: 3 })
    await firstValueFrom(linked.status$.pipe(filter(({ state }) => state === 'running')))
    await until(() => linked.metrics().unsettled > 0)
    // What a child has not read yet is not under way there, and goes back unforced.
    await new Promise(resolve => setTimeout(resolve, 200))
    const { report, ms } = await timed(linked.stop({ timeout: 100 }))
    expect(ms).toBeLessThan(2000)
    expect(report).toMatchObject({ moved: 0, returned: 10, forced: true })
    expect(await all(source)).toEqual(range(0, 10))
  })

  it.concurrent('[L35] returns in time though a stream never takes what it is given', async () => {
    const source = fifoQueue<string>()
    await source.putBatch(['a', 'b', 'c'])
    const stuck = new Writable({ write: () => {} })
    const linked = link(source, stuck, { placement })
    await until(() => stuck.writableLength > 0)
    const { report, ms } = await timed(linked.stop({ timeout: 100 }))
    expect(ms).toBeLessThan(2500)
    expect(report).toMatchObject({ moved: 0, returned: 3, forced: true })
    expect((await take(source, 3)).sort()).toEqual(['a', 'b', 'c'])
    stuck.destroy()
  })

  it.concurrent('lets go of files and streams', async () => {
    const dir = workDir()
    const input = join(dir, 'in')
    writeFileSync(input, range(0, 200_000).join('\n'))
    const stream = createReadStream(input)
    const linked = link([input, stream, NEVER], join(dir, 'out'), { placement })
    await until(() => linked.metrics().settled > 1000)
    const report = await linked.stop()
    expect(report.moved).toBe(linked.metrics().settled)
    expect(stream.destroyed).toBe(true)
    const written = readFileSync(join(dir, 'out'), 'utf8')
    expect(written.endsWith('\n')).toBe(true)
    expect(written.trim().split('\n').length).toBeGreaterThanOrEqual(report.moved)
  })

  it.concurrent('lets go at once with close() and await using', async () => {
    const source = fifoQueue<number>()
    const full = fifoQueue<number>({ capacity: 1 })
    await source.putBatch([1, 2, 3])
    {
      await using linked = link(source, full, { placement })
      await until(() => full.size === 1 && linked.metrics().settled === 1)
    }
    expect(await all(source)).toEqual([2, 3])
    await full.put(9, { timeout: 0 }).catch(() => {})
    expect(full.size).toBe(1)
  })

  it.concurrent('can be called before the start, during it, twice and after the end', async () => {
    const source = fifoQueue<number>()
    await source.put(1)
    const before = link(source, fifoQueue(), { placement })
    expect(await before.stop()).toMatchObject({ moved: 0, returned: 0, forced: false })
    const during = link(source, fifoQueue(), { placement, through: step(STEPS, 'twice') })
    await Promise.resolve()
    expect(await during.stop()).toMatchObject({ moved: 0, forced: false })
    await until(() => source.size === 1)
    await source.shutdown()
    const after = link(source, fifoQueue(), { placement })
    await after.done
    const [once, twice] = [after.stop(), after.stop()]
    expect(await once).toMatchObject({ moved: 1, returned: 0, forced: false })
    expect(await twice).toMatchObject({ moved: 1 })
    for (const linked of [before, during, after]) {
      expect(linked.isAlive()).toBe(false)
      await linked.done
    }
  })
})

it.concurrent('[L35] kills a child that does not answer', async () => {
  const source = fifoQueue<number>()
  await source.put(1)
  const begun = join(workDir(), 'begun')
  const linked = link(source, fifoQueue(), { placement: 'process', each: step(STEPS, 'hangsAfter', begun) })
  const pid = await childOf(linked)
  await until(() => existsSync(begun))
  const { report, ms } = await timed(linked.stop({ timeout: 100 }))
  expect(ms).toBeLessThan(2500)
  expect(report).toMatchObject({ moved: 0, returned: 1, forced: true })
  expect(lives(pid)).toBe(false)
  expect(await all(source)).toEqual([1])
  expect(childrenOf(process.pid)).not.toContain(pid)
})

it('[L34] says of no link in a thread that it was forced when all was stored in time', async () => {
  const reports = range(0, 8).map(async () => {
    const source = fifoQueue<number>()
    const destination = fifoQueue<number>()
    await source.putBatch(range(0, 20))
    const linked = link(source, destination, { placement: 'thread', each: step(STEPS, 'slow') })
    await until(() => destination.size > 0)
    const { forced, moved } = await linked.stop({ timeout: 20_000 })
    return { forced, moved, stored: destination.size }
  })
  for (const { forced, moved, stored } of await Promise.all(reports)) expect([forced, moved]).toEqual([false, stored])
})
