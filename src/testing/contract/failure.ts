import { catchError, EMPTY, map, retry } from 'rxjs'
import { atOnce, codeThrown, failure, type Kit, NEEDS_SYNC, take, turns, unhandledIn, until } from './kit.js'

const broken = new Error('broken')

/** Q8.1 to Q8.8: failing slows down or ends, and never spins. */
export function failureContract({ test, expect, can }: Kit): void {
  const onlySync = !can.sync && NEEDS_SYNC

  test('does not hand a nacked item over again in the same turn [Q8.1] [P4]', async open => {
    const queue = await open()
    let now = 0
    let most = 0
    queue.deliveries().subscribe(delivery => {
      most = Math.max(most, ++now)
      // A microtask is still the same turn; a macrotask, of whichever sort comes first, is the next.
      const over = () => {
        if (!turn) return
        turn = false
        now--
      }
      let turn = true
      setImmediate(over)
      setTimeout(over)
      if (delivery.attempt < 5) void delivery.nack()
      else void delivery.ack()
    })
    await queue.put(1)
    await until(() => queue.metrics().acked === 1)
    expect([most, queue.metrics().handedOver]).toEqual([1, 5])
  })

  for (const delay of [undefined, 0, 1]) {
    test(
      `does not find a nacked item in the same turn, delay ${delay} [Q8.1] [Q8.3]`,
      async open => {
        const queue = atOnce(await open())
        await queue.put(1)
        const delivery = await queue.receive()
        void delivery.nack(delay === undefined ? {} : { delay })
        const end = Date.now() + 3
        while (Date.now() < end) expect(codeThrown(() => queue.getNowait())).toBe('ERR_QUEUE_EMPTY')
        expect(await take(queue, can)).toBe(1)
      },
      onlySync,
    )
  }

  test('lets a nacked item rest longer each time [Q8.2]', async open => {
    const queue = await open()
    await queue.put(1)
    const times: number[] = []
    for (let i = 0; i < 7; i++) {
      const delivery = await queue.receive()
      times.push(performance.now())
      await delivery.nack()
    }
    // 0, 1, 2, 4, 8 and 16 ms; a timer may be a millisecond early, never more.
    const rests = times.slice(1).map((time, i) => time - (times[i] as number))
    expect([0, 1, 2, 4, 8, 16].map((ms, i) => (rests[i] as number) >= ms - 1.5)).toEqual(Array(6).fill(true))
  })

  test('waits for just the delay that a nack gives [Q8.3]', async open => {
    const queue = await open()
    await queue.put(1)
    for (let i = 0; i < 3; i++) {
      const delivery = await queue.receive()
      const nackedAt = Date.now()
      await delivery.nack({ delay: 10 })
      expect((await queue.stat()).delayed).toBe(1)
      const again = await queue.receive()
      expect(Date.now() - nackedAt >= 9).toBe(true)
      await again.nack({ delay: 0 })
    }
  })

  test('gives the item back when its sink is closed [Q8.4]', async open => {
    const from = await open()
    const to = await open()
    const sink = to.sink()
    await to.shutdown()
    from.subscribe(sink)
    await from.put(1)
    await failure(sink.done)
    await turns()
    expect(await take(from, can)).toBe(1)
  })

  test('ends the subscription with the error of the sink [Q8.5] [P4]', async open => {
    const from = await open()
    const to = await open()
    const sink = to.sink()
    await to.shutdown()
    from.subscribe(sink)
    await from.putBatch([1, 2, 3])
    expect(((await failure(sink.done)) as { code: unknown }).code).toBe('ERR_QUEUE_CLOSED')
    expect([sink.closed, from.metrics().handedOver]).toEqual([true, 1])
    await turns()
    expect((await from.stat()).size).toBe(3)
  })

  test('gives back what waits in a sink that is shut down, and ends the subscription [Q8.4] [Q8.5]', async open => {
    const from = await open()
    const to = await open({ capacity: 1 })
    const sink = to.sink()
    from.subscribe(sink)
    await from.putBatch([1, 1, 1])
    await until(() => from.metrics().handedOver === 3)
    await to.shutdown()
    expect(((await failure(sink.done)) as { code: unknown }).code).toBe('ERR_QUEUE_CLOSED')
    await turns()
    const { size, leased } = await from.stat()
    expect([size, leased, await take(to, can)]).toEqual([2, 0, 1])
  })

  test('gives the item back when an operator throws and the error reaches a sink [Q8.6]', async open => {
    const from = await open()
    const to = await open()
    const sink = to.sink()
    const fail = (): number => {
      throw broken
    }
    from.pipe(map(fail)).subscribe(sink)
    await from.put(1)
    expect(await failure(sink.done)).toBe(broken)
    await turns()
    expect(await take(from, can)).toBe(1)
  })

  test('leaves an item consumed when catchError takes its error first [Q8.7]', async open => {
    const from = await open()
    const to = await open()
    const sink = to.sink()
    const fail = (): number => {
      throw broken
    }
    from
      .pipe(
        map(fail),
        catchError(() => EMPTY),
      )
      .subscribe(sink)
    await from.put(1)
    await sink.done
    await until(() => from.metrics().acked === 1)
    expect((await from.stat()).size).toBe(0)
  })

  test('leaves an item consumed when retry takes its error first [Q8.7]', async open => {
    const from = await open()
    const to = await open()
    const failOnOne = map((n: number) => {
      if (n === 1) throw broken
      return n
    })
    from.pipe(failOnOne, retry()).subscribe(to)
    await from.put(1)
    await from.put(2)
    expect(await take(to, can)).toBe(2)
    await until(() => from.metrics().acked === 2)
    expect((await from.stat()).size).toBe(0)
  })

  test('leaves an item consumed when a plain subscriber throws [Q8.7]', async open => {
    const queue = await open()
    const unhandled = await unhandledIn(async () => {
      queue.subscribe(() => {
        throw broken
      })
      await queue.put(1)
      await until(() => queue.metrics().acked === 1)
    })
    expect([unhandled, (await queue.stat()).size]).toEqual([[broken], 0])
  })

  test('nacks the item when a consume handler throws or rejects, and goes on [Q8.8]', async open => {
    const queue = await open()
    const seen: string[] = []
    const done = queue.consume((item, { attempt }) => {
      seen.push(`${item}.${attempt}`)
      if (item === 1 && attempt === 1) throw broken
      return item === 2 && attempt === 1 ? Promise.reject(broken) : undefined
    })
    for (const item of [1, 2, 3]) await queue.put(item)
    await until(() => queue.metrics().acked === 3)
    await queue.shutdown()
    await done
    expect(seen.sort()).toEqual(['1.1', '1.2', '2.1', '2.2', '3.1'])
  })
}
