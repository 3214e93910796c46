import process from 'node:process'
import { fifoQueue, link, step } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { childrenOf, leavesNothing, PLACEMENTS, range, STEPS, take, until } from './help.js'

leavesNothing()

const KEYS = [0, 1, 2, 3, 4]
const key = (n: number): number => n % KEYS.length

/** What came of each key, repeats left out. */
function lines(came: readonly number[]): number[][] {
  return KEYS.map(of => [...new Set(came.filter(n => key(n) === of))])
}

describe.each(PLACEMENTS)('a link with a key, placed %s', placement => {
  it.concurrent('[L56] works on items of one key one after another, and on others meanwhile', async () => {
    const [source, to] = [fifoQueue<number>(), fifoQueue<number>()]
    await source.putBatch(range(0, 60))
    const linked = link(source, to, { placement, key, each: step(STEPS, 'laterForEven'), concurrency: 16 })
    await source.shutdown()
    await linked.done
    const came = await take(to, 60)
    expect(lines(came)).toEqual(lines(range(0, 60)))
    expect(came).not.toEqual(range(0, 60))
  })

  it.concurrent('[L56][Q6.1] gives back what waits for its turn when it stops', async () => {
    const [source, to] = [fifoQueue<number>(), fifoQueue<number>()]
    await source.putBatch(range(0, 10))
    const linked = link(source, to, { placement, key: () => 'one', each: step(STEPS, 'neverEnds'), concurrency: 4 })
    await until(() => linked.metrics().unsettled > 0)
    const report = await linked.stop({ timeout: 50 })
    expect(report.moved).toBe(0)
    await until(() => source.size === 10)
    const attempts: number[] = []
    for (const _ of range(0, 10)) {
      const delivery = await source.receive()
      attempts.push(delivery.attempt)
      await delivery.ack()
    }
    expect(attempts.filter(attempt => attempt === 1).length).toBeGreaterThanOrEqual(9)
  })

  it.concurrent('[L56] lets an item fail whose key cannot be found, and goes on', async () => {
    const deadLetter = fifoQueue<number>()
    const [source, to] = [fifoQueue<number>({ maxAttempts: 2, deadLetter }), fifoQueue<number>()]
    await source.putBatch(range(0, 10))
    const failing = (n: number): number => {
      if (n === 3) throw new Error('it has no key')
      return key(n)
    }
    const linked = link(source, to, { placement, key: failing, each: step(STEPS, 'laterForEven') })
    const died = await deadLetter.receive({ timeout: 15_000 })
    expect([died.value, died.headers['x-reason']]).toEqual([3, expect.stringContaining('no key')])
    expect((await take(to, 9)).sort((a, b) => a - b)).toEqual(range(0, 10).filter(n => n !== 3))
    await linked.stop()
  })
})

it('[L56][L50] gives items of one key to one of several workers, in order, also when one of them is killed', async () => {
  const before = new Set(childrenOf(process.pid))
  const [source, to] = [fifoQueue<number>(), fifoQueue<{ value: number; pid: number }>()]
  await source.putBatch(range(0, 500))
  const linked = link(source, to, {
    workers: 3,
    placement: 'process',
    key,
    each: step(STEPS, 'withPid'),
    restart: { backoff: 1 },
  })
  const whole = await take(to, 500)
  expect(lines(whole.map(({ value }) => value))).toEqual(lines(range(0, 500)))
  for (const of of KEYS)
    expect(new Set(whole.filter(({ value }) => key(value) === of).map(({ pid }) => pid)).size).toBe(1)
  expect(new Set(whole.map(({ pid }) => pid)).size).toBeGreaterThan(1)
  await until(() => linked.metrics().settled === 500)
  const [victim] = childrenOf(process.pid).filter(pid => !before.has(pid))
  process.kill(victim as number, 'SIGKILL')
  await source.putBatch(range(500, 1000))
  await source.shutdown()
  await linked.done
  const rest = await take(to, to.size)
  expect(lines(rest.map(({ value }) => value))).toEqual(lines(range(500, 1000)))
  expect(linked.metrics().restarts).toBe(1)
})
