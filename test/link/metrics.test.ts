import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fifoQueue, type LinkMetrics, link, QueueLink, step } from 'queuelink'
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { addLatencies, Latencies, latencyOf } from '#src/link/latencies'
import { useClock } from '#src/util/clock'
import { leavesNothing, PLACEMENTS, STEPS, until, workDirs } from './help.js'

leavesNothing()
const workDir = workDirs()

describe('latencies', () => {
  const NOW = 2 ** 41

  /** The counts of items that took so many ms. */
  function of(...all: number[]): readonly number[] {
    const restore = useClock({ now: () => NOW, after: () => () => {}, soon: () => () => {} })
    try {
      const latencies = new Latencies()
      for (const ms of all) latencies.record(NOW - ms)
      return latencies.counts
    } finally {
      restore()
    }
  }

  it('knows nothing before the first item', () => {
    expect(latencyOf(undefined)).toBeUndefined()
    expect(latencyOf(new Latencies().counts)).toBeUndefined()
  })

  it('answers half, 99 of 100, and the longest, within 3 % (M1)', () => {
    const { p50 = 0, p99 = 0, max = 0 } = latencyOf(of(...Array.from({ length: 1000 }, (_, n) => 10 * n))) ?? {}
    expect(Math.abs(p50 / 4990 - 1)).toBeLessThan(0.03)
    expect(Math.abs(p99 / 9890 - 1)).toBeLessThan(0.03)
    expect(max).toBe(9990)
  })

  it('adds up what processes have counted, and survives a clock that was set back (M2)', () => {
    const sum = addLatencies(of(1000, 1000), of(-5000, 1000))
    const { p50 = 0, max = 0 } = latencyOf(sum) ?? {}
    expect(Math.abs(p50 / 1000 - 1)).toBeLessThan(0.03)
    expect(max).toBe(1000)
    expect(latencyOf(of(-5000))).toEqual({ p50: 0, p99: 0, max: 0 })
    expect(addLatencies(undefined, sum)).toBe(sum)
  })

  it('holds the longest time that can be', () => {
    const { max = 0, p99 = 0 } = latencyOf(of(2 ** 31 - 1000)) ?? {}
    expect(max).toBe(2 ** 31 - 1000)
    expect(Math.abs(p99 / 2 ** 31 - 1)).toBeLessThan(0.03)
  })
})

describe.each(PLACEMENTS)('metrics of a link placed %s', placement => {
  const each = step(STEPS, 'upper')

  it('counts items, rates and latencies, which begin when the item was put (M1)', async () => {
    const from = fifoQueue<string>()
    const to = fifoQueue<string>()
    await from.putBatch(['a', 'b', 'c'])
    // Older than the link: measured from the put, in whatever process it ends.
    await new Promise(resolve => setTimeout(resolve, 200))
    const moving = link(from, to, { placement, each })
    await until(() => to.size === 3 && moving.metrics().settled === 3, 'all three')
    const metrics = moving.metrics()
    expect(metrics).toMatchObject({ items: 3, settled: 3, unsettled: 0, dropped: 0, restarts: 0 })
    expect(metrics.rate).toBeGreaterThan(0)
    expect(metrics.latency?.p50).toBeGreaterThanOrEqual(190)
    expect(metrics.latency?.max).toBeGreaterThanOrEqual(metrics.latency?.p50 ?? Number.NaN)
    expect(metrics.sources).toMatchObject([{ items: 3, credits: 256, latency: metrics.latency }])
    expect(metrics.destinations).toMatchObject([{ settled: 3, dropped: 0 }])
    await moving.stop()
  })

  it('shows what is under way, and how many more may be', async () => {
    const from = fifoQueue<string>()
    const to = fifoQueue<string>({ capacity: 1 })
    const moving = link(from, to, { placement, prefetch: 4 })
    await from.putBatch(['a', 'b', 'c', 'd', 'e', 'f'])
    await until(() => from.size === 1 && moving.metrics().settled === 1, 'one stored, four under way')
    expect(moving.metrics()).toMatchObject({
      items: 5,
      settled: 1,
      unsettled: 4,
      sources: [{ credits: 0, unsettled: 4 }],
    })
    expect(await to.getBatch(1)).toEqual(['a'])
    await until(() => moving.metrics().settled === 2, 'the second')
    await moving.stop({ drain: false })
  })

  it('knows the bytes and latencies of files', async () => {
    const dir = workDir()
    writeFileSync(join(dir, 'in.txt'), 'one\ntwo\nthree\n')
    const moving = link(join(dir, 'in.txt'), join(dir, 'out.txt'), { placement, each })
    await moving.done
    expect(moving.metrics()).toMatchObject({ settled: 3, bytes: 14, latency: { p50: expect.any(Number) } })
  })
})

describe('metrics$', () => {
  it('emits now, at intervals, and at the end (M3)', async () => {
    const from = fifoQueue<number>()
    const to = fifoQueue<number>()
    const moving = link(from, to, { metricsInterval: 10 })
    const all = lastValueFrom(moving.metrics$.pipe(toArray()))
    await from.putBatch([1, 2])
    await until(() => to.size === 2)
    await firstValueFrom(moving.metrics$.pipe(take(1)))
    await from.shutdown()
    await moving.done
    const emitted = await all
    expect(emitted[0]).toMatchObject({ items: 0, rate: 0 })
    expect(emitted.at(-1)).toMatchObject({ items: 2, settled: 2 })
  })

  it('tells the rate since its last emission', async () => {
    const from = fifoQueue<number>()
    const to = fifoQueue<number>()
    const moving = link(from, to, { metricsInterval: 20 })
    const seen: LinkMetrics[] = []
    const watching = moving.metrics$.subscribe(metrics => seen.push(metrics))
    await from.putBatch([1, 2, 3])
    await until(() => seen.some(({ rate }) => rate > 0), 'a rate')
    await until(() => seen.at(-1)?.rate === 0, 'a rest')
    expect(moving.metrics().rate).toBeGreaterThan(0)
    watching.unsubscribe()
    await moving.stop()
  })

  it('refuses an interval that is none', () => {
    expect(() => new QueueLink({ metricsInterval: 0 })).toThrow(/metricsInterval must be milliseconds/)
  })
})
