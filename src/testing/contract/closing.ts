import { atOnce, codeOf, codeThrown, type Kit, NEEDS_SYNC, turns, until } from './kit.js'

/** Q10.12 to Q10.16: letting go of a handle. */
export function closingContract({ test, expect, can }: Kit): void {
  const CLOSED = 'ERR_QUEUE_CLOSED'

  test('is let go of by await using [Q10.12]', async open => {
    const queue = await open()
    await queue[Symbol.asyncDispose]()
    expect([queue.closed, await codeOf(queue.put(1))]).toEqual([true, CLOSED])
  })

  test('rejects waiting calls when it is closed [Q10.13] [P21]', async open => {
    const empty = await open()
    const full = await open({ capacity: 1 })
    await full.put(1)
    const iterator = empty[Symbol.asyncIterator]()
    const waiting = [
      empty.get(),
      empty.receive(),
      empty.getBatch(2),
      empty.consume(() => {}),
      iterator.next(),
      full.put(2),
      full.putBatch([2]),
      ...(can.joinable ? [full.join()] : []),
    ].map(codeOf)
    await Promise.all([empty.close(), full.close()])
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => CLOSED))
  })

  test('completes its subscriptions without draining when it is closed [Q10.14]', async open => {
    const queue = await open()
    const seen: unknown[] = []
    const watch = (name: string) => ({
      next: () => seen.push('item'),
      error: (error: unknown) => seen.push(error),
      complete: () => seen.push(name),
    })
    queue.subscribe(watch('values'))
    queue.deliveries().subscribe(watch('deliveries'))
    await queue.put(1, { delay: 60_000 })
    await queue.close()
    await turns()
    expect(seen).toEqual(['values', 'deliveries'])
  })

  for (const shut of [false, true]) {
    test(`takes the deliveries of a closed handle back, shut down before: ${shut} [Q10.15]`, async open => {
      const queue = await open()
      await queue.putBatch([1, 2])
      const [first, second] = [await queue.receive(), await queue.receive()]
      if (shut) await queue.shutdown()
      await queue.close()
      expect([await codeOf(first.ack()), await codeOf(second.nack())]).toEqual(Array(2).fill('ERR_LEASE_LOST'))
      expect(queue.metrics().lateSettles).toBe(2)
    })
  }

  test('fails every later call, and closes twice [Q10.16]', async open => {
    const queue = await open()
    await queue.close()
    await queue.close()
    const calls = [
      queue.put(1),
      queue.putBatch([1]),
      queue.get(),
      queue.get({ timeout: 0 }),
      queue.getBatch(1),
      queue.receive(),
      queue.consume(() => {}),
      queue.stat(),
      queue.shutdown(),
      queue.reopen(),
      queue[Symbol.asyncIterator]().next(),
      ...(can.joinable ? [queue.join()] : []),
    ]
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => CLOSED))
    if (can.joinable) expect(codeThrown(() => queue.taskDone())).toBe(CLOSED)
  })

  test(
    'fails every later call that answers at once [Q10.16]',
    async open => {
      const queue = atOnce(await open())
      await queue.close()
      const calls = [() => queue.putNowait(1), () => queue.getNowait(), () => queue.peek()]
      expect(calls.map(codeThrown)).toEqual(calls.map(() => CLOSED))
    },
    !can.sync && NEEDS_SYNC,
  )

  test('ends what subscribes after the close with an error [Q10.16]', async open => {
    const queue = await open()
    await queue.close()
    const seen: unknown[] = []
    const error = (reason: unknown) => seen.push((reason as { code: unknown }).code)
    queue.subscribe({ error })
    queue.deliveries().subscribe({ error })
    await until(() => seen.length === 2)
    expect(seen).toEqual([CLOSED, CLOSED])
  })

  test('fails a sink of a closed handle when a value comes [Q10.16] [Q9.2]', async open => {
    const queue = await open()
    const sink = queue.sink()
    await queue.close()
    sink.next(1)
    expect([await codeOf(sink.done), sink.closed]).toEqual([CLOSED, true])
  })

  test('does not shut down a closed handle at the end of a source [Q10.16]', async open => {
    const queue = await open()
    const sink = queue.sink({ closeOnComplete: true })
    await queue.close()
    sink.complete()
    expect(await codeOf(sink.done)).toBe(CLOSED)
  })
}
