import { codeOf, failure, type Kit, type Open, take, turns, until } from './kit.js'

/** Q13: waiting, giving up, and async iteration. */
export function waitingContract({ test, expect, can }: Kit): void {
  const EMPTY = 'ERR_QUEUE_EMPTY'

  test('rejects when the timeout is over [Q13.5]', async open => {
    const queue = await open({ capacity: 1 })
    const calls = [queue.get({ timeout: 5 }), queue.receive({ timeout: 5 }), queue.getBatch(1, { timeout: 5 })]
    expect(await Promise.all(calls.map(codeOf))).toEqual([EMPTY, EMPTY, EMPTY])
    await queue.put(1)
    expect(await codeOf(queue.put(2, { timeout: 5 }))).toBe('ERR_QUEUE_FULL')
  })

  test('tries once with timeout 0 [Q13.6]', async open => {
    const queue = await open({ capacity: 1 })
    expect(await codeOf(queue.get({ timeout: 0 }))).toBe(EMPTY)
    await queue.put(1, { timeout: 0 })
    expect(await codeOf(queue.put(2, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(await queue.get({ timeout: 0 })).toBe(1)
    if (can.joinable) queue.taskDone()
  })

  test(
    'tries once, though what is missing comes in the same turn [Q13.6]',
    async open => {
      const queue = await open({ capacity: 1 })
      const get = codeOf(queue.get({ timeout: 0 }))
      const receive = codeOf(queue.receive({ timeout: 0 }))
      await queue.put(1)
      expect([await get, await receive]).toEqual([EMPTY, EMPTY])
      const put = codeOf(queue.put(2, { timeout: 0 }))
      expect(await take(queue, can)).toBe(1)
      expect([await put, (await queue.stat()).size]).toEqual(['ERR_QUEUE_FULL', 0])
    },
    !can.sync && 'it has to ask before it can tell',
  )

  test('rejects with the reason of the signal [Q13.7] [Q16.1]', async open => {
    const queue = await open({ capacity: 1 })
    const abort = new AbortController()
    const { signal } = abort
    const waiting = [queue.get({ signal }), queue.receive({ signal }), queue.getBatch(2, { signal })].map(failure)
    await turns()
    abort.abort('enough')
    expect(await Promise.all(waiting)).toEqual(['enough', 'enough', 'enough'])
    await queue.put(1)
    const puts = new AbortController()
    const put = failure(queue.put(2, { signal: puts.signal }))
    puts.abort('full')
    expect(await put).toBe('full')
  })

  test('rejects before anything happens when the signal is aborted already [Q13.8]', async open => {
    const queue = await open()
    const signal = AbortSignal.abort('never')
    expect(await failure(queue.put(1, { signal }))).toBe('never')
    expect((await queue.stat()).size).toBe(0)
    await queue.put(1)
    const calls = [queue.get({ signal }), queue.receive({ signal }), queue.consume(() => {}, { signal })]
    expect(await Promise.all(calls.map(failure))).toEqual(['never', 'never', 'never'])
    expect((await queue.stat()).size).toBe(1)
  })

  test('takes and stores nothing after a wait was given up [Q13.9] [P37]', async open => {
    const queue = await open({ capacity: 1 })
    const abort = new AbortController()
    const got = failure(queue.get({ signal: abort.signal }))
    const timed = failure(queue.get({ timeout: 1 }))
    abort.abort()
    await Promise.all([got, timed])
    await queue.put(1)
    await turns()
    expect((await queue.stat()).size).toBe(1)
    await failure(queue.put(2, { timeout: 1 }))
    await take(queue, can)
    await turns()
    expect((await queue.stat()).size).toBe(0)
  })

  test('lets an abort in the turn of the item win, or the item, but never both [Q13.9]', async open => {
    const queue = await open()
    let got = 0
    for (let i = 0; i < 50; i++) {
      const abort = new AbortController()
      const waiting = queue.get({ signal: abort.signal, timeout: i % 2 }).then(
        () => {
          got++
          if (can.joinable) queue.taskDone()
        },
        () => {},
      )
      const put = queue.put(i)
      if (i % 3 === 0) abort.abort()
      await Promise.all([waiting, put])
    }
    expect((await queue.stat()).size + got).toBe(50)
  })

  test('consumes one item a step, and nothing ahead of it [Q13.10] [P36]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1, 1])
    const iterator = queue[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: 1 })
    if (can.joinable) queue.taskDone()
    await turns()
    const { size, leased } = await queue.stat()
    expect([size, leased]).toEqual([2, 0])
  })

  test('ends the iteration when the queue completes [Q13.11]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1])
    await queue.shutdown()
    const items: number[] = []
    for await (const item of queue) {
      items.push(item)
      if (can.joinable) queue.taskDone()
    }
    expect(items).toEqual([1, 1])
  })

  test('ends a step that waits when the queue completes [Q13.11]', async open => {
    const queue = await open()
    const step = queue[Symbol.asyncIterator]().next()
    await queue.shutdown()
    expect((await step).done).toBe(true)
  })

  test('keeps what a loop was not given when it is left [Q13.10] [P38]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1, 1])
    for await (const _ of queue) break
    if (can.joinable) queue.taskDone()
    expect((await queue.stat()).size).toBe(2)
  })

  test('cancels a waiting step when the iterator is left [Q13.12] [P37]', async open => {
    const queue = await open()
    const iterator = queue[Symbol.asyncIterator]()
    const step = iterator.next()
    await iterator.return?.()
    expect((await step).done).toBe(true)
    expect((await iterator.next()).done).toBe(true)
    await queue.put(1)
    await turns()
    expect((await queue.stat()).size).toBe(1)
  })

  const keepsNoTimer = async (open: Open) => {
    const queue = await open()
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    await queue.put(1, { delay: 60_000 })
    expect(timers()).toBe(before)
    const abort = new AbortController()
    const waiting = failure(queue.get({ signal: abort.signal }))
    expect(timers() > before).toBe(true)
    abort.abort()
    await waiting
    await until(() => timers() <= before)
    expect((await queue.stat()).delayed).toBe(1)
  }
  const outside = can.process !== 'own' && 'where its items are, time is kept for others too'
  test('keeps no timer for a delayed item that nobody waits for [Q13.1]', keepsNoTimer, outside)

  test('hands a delayed item to a waiting get when it is due [Q13.1]', async open => {
    const queue = await open()
    const waiting = take(queue, can)
    const putAt = performance.now()
    await queue.put(1, { delay: 10 })
    expect(await waiting).toBe(1)
    // A timer may be a millisecond early.
    expect(performance.now() - putAt >= 9).toBe(true)
  })
}
