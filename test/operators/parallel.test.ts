import { fifoQueue, type Step, step } from 'queuelink'
import { parallel, settle } from 'queuelink/operators'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { childrenOf, leavesNothing, range, STEPS, take, thrownBy, until } from '../link/help.js'

leavesNothing()

const later = step<(n: number) => Promise<number>>(STEPS, 'laterForEven')

describe.each(['process', 'thread'] as const)('parallel() placed %s', placement => {
  it.concurrent('[L53] answers as steps are done, and settles each item with its answer', async () => {
    const source = fifoQueue<number>()
    const answers = fifoQueue<number>()
    await source.putBatch(range(0, 60))
    source.deliveries().pipe(parallel(later, { placement }), settle()).subscribe(answers)
    const came = await take(answers, 60)
    expect([...came].sort((a, b) => a - b)).toEqual(range(0, 60))
    expect(came).not.toEqual(range(0, 60))
    await until(() => source.metrics().acked === 60)
    await source.shutdown()
  })

  it.concurrent('[L53] keeps the order of the items where it is asked to', async () => {
    const source = fifoQueue<number>()
    const answers = fifoQueue<number>()
    await source.putBatch(range(0, 60))
    const o = { placement, ordered: true, workers: 3 }
    source.deliveries().pipe(parallel(later, o), settle()).subscribe(answers)
    expect(await take(answers, 60)).toEqual(range(0, 60))
    await source.shutdown()
  })

  it.concurrent('[L53] keeps the order of the items of one key', async () => {
    const source = fifoQueue<number>()
    const answers = fifoQueue<number>()
    await source.putBatch(range(0, 60))
    const o = { placement, key: (n: number) => n % 3 }
    source.deliveries().pipe(parallel(later, o), settle()).subscribe(answers)
    const came = await take(answers, 60)
    for (const key of [0, 1, 2]) {
      expect(came.filter(n => n % 3 === key)).toEqual(range(0, 60).filter(n => n % 3 === key))
    }
    await source.shutdown()
  })

  it.concurrent('[L53] nacks an item whose child dies or whose step throws, and goes on with another child', async () => {
    const deadLetter = fifoQueue<number>()
    const source = fifoQueue<number>({ maxAttempts: 3, deadLetter })
    const attempts = new Map<number, number>()
    await source.putBatch(range(0, 10))
    const exits = step<(n: number) => Promise<number>>(STEPS, 'exitsOrFails')
    source
      .deliveries()
      .pipe(parallel(exits, { placement }))
      .subscribe(answer => {
        attempts.set(answer.value, answer.attempt)
        void answer.ack()
      })
    const died = await deadLetter.receive({ timeout: 25_000 })
    expect([died.value, died.headers['x-reason']]).toEqual([7, expect.stringContaining('died')])
    await source.putBatch(range(10, 20))
    const threw = await deadLetter.receive({ timeout: 25_000 })
    expect([threw.value, threw.headers['x-reason']]).toEqual([13, expect.stringContaining('the step failed')])
    await until(() => attempts.size === 18, 'all answers')
    expect([...attempts.keys()].sort((a, b) => a - b)).toEqual(range(0, 20).filter(n => n !== 7 && n !== 13))
    expect(new Set(attempts.values())).toEqual(new Set([1]))
    await source.shutdown()
  })

  it.concurrent('[L53] fails every item of a step that cannot be loaded', async () => {
    const deadLetter = fifoQueue<number>()
    const source = fifoQueue<number>({ maxAttempts: 1, deadLetter })
    await source.putBatch(range(0, 20))
    source
      .deliveries()
      .pipe(parallel(step(STEPS, 'isNotThere'), { placement }), settle())
      .subscribe()
    expect((await take(deadLetter, 20)).sort((a, b) => a - b)).toEqual(range(0, 20))
    await source.shutdown()
  })

  it.concurrent('[L53] gives back what is not done when its subscriber leaves', async () => {
    const source = fifoQueue<number>()
    await source.putBatch(range(0, 10))
    const never = step<(n: number) => Promise<number>>(STEPS, 'neverEnds')
    const working = source.deliveries().pipe(parallel(never, { placement }), settle()).subscribe()
    await until(() => source.size < 10)
    working.unsubscribe()
    await until(() => source.size === 10)
  })
})

it('[L53] lets its children go when its source has ended', async () => {
  const before = new Set(childrenOf(process.pid))
  const source = fifoQueue<number>()
  const answers = fifoQueue<number>()
  await source.putBatch([1, 2])
  await source.shutdown()
  let completed = false
  source
    .deliveries()
    .pipe(parallel(later), settle())
    .subscribe({
      next: n => answers.next(n),
      complete: () => {
        completed = true
      },
    })
  await until(() => completed)
  expect((await take(answers, 2)).sort()).toEqual([1, 2])
  await until(() => childrenOf(process.pid).every(pid => before.has(pid)))
})

it('[Q16.5] refuses what is no step, and takes its types from it', () => {
  expect(thrownBy(() => parallel({ step: {} }))).toMatchObject({ code: 'ERR_OPTION' })
  expect(thrownBy(() => parallel(later, { workers: 0 }))).toMatchObject({ code: 'ERR_OPTION' })
  const types = (): void => {
    const named = null as unknown as Step<(item: string) => Promise<number>>
    const lengths = fifoQueue<string>().deliveries().pipe(parallel(named), settle())
    lengths.subscribe(n => expectTypeOf(n).toBeNumber())
  }
  expectTypeOf(types).returns.toBeVoid()
})
