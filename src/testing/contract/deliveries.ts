import type { Delivery } from '../../core/delivery.js'
import { codeOf, failure, type Kit, turns, until } from './kit.js'

/** Q4: deliveries and consume. */
export function deliveryContract({ test, expect, can }: Kit): void {
  test('has no more than prefetch deliveries unsettled [Q4.1] [P43]', async open => {
    const queue = await open()
    const out: Delivery<number>[] = []
    queue.deliveries({ prefetch: 3 }).subscribe(delivery => out.push(delivery))
    await queue.putBatch([1, 1, 1, 1, 1, 1])
    await until(() => out.length >= 3)
    await turns()
    expect(out.length).toBe(3)
    await out[1]?.ack()
    await until(() => out.length >= 4)
    await turns()
    expect(out.length).toBe(4)
  })

  test('shows what a delivery carries [Q4.1]', async open => {
    const queue = await open<string>()
    await queue.put('a', { headers: { from: 'here' } })
    const delivery = await queue.receive()
    const { value, attempt, headers } = delivery
    expect([value, attempt, headers]).toEqual(['a', 1, { from: 'here' }])
    expect([typeof delivery.id, Math.abs(Date.now() - delivery.enqueuedAt) < 60_000]).toEqual(['string', true])
  })

  test('awaits the handler, and then acks [Q4.9]', async open => {
    const queue = await open()
    let finish = () => {}
    void queue.consume(() => new Promise<void>(resolve => (finish = resolve))).catch(() => {})
    await queue.put(1)
    await until(() => queue.metrics().handedOver === 1)
    await turns()
    expect(queue.metrics().acked).toBe(0)
    finish()
    await until(() => queue.metrics().acked === 1)
  })

  test('consumes by forEach as well [Q4.9]', async open => {
    const queue = await open()
    const seen: number[] = []
    const done = queue.forEach(async item => {
      await turns(1)
      seen.push(item)
    })
    await queue.put(1)
    await queue.shutdown()
    await done
    expect(seen).toEqual([1])
  })

  test('takes the options of consume for forEach, and the promise that rxjs may give it for none [Q4.9] [Q4.12]', async open => {
    const queue = await open()
    const stop = new AbortController()
    const done = failure(queue.forEach(() => {}, { signal: stop.signal }))
    stop.abort('enough')
    expect(await done).toBe('enough')
    const all = queue.forEach(() => {}, Promise)
    await queue.put(1)
    await queue.shutdown()
    await all
  })

  test('runs one handler at a time by default [Q4.10]', async open => {
    const queue = await open()
    let running = 0
    let most = 0
    const done = queue.consume(async () => {
      most = Math.max(most, ++running)
      await turns(1)
      running--
    })
    await queue.putBatch([1, 2, 3, 4, 5, 6])
    await queue.shutdown()
    await done
    expect(most).toBe(1)
  })

  test('runs no more handlers at a time than concurrency says [Q4.10]', async open => {
    const queue = await open()
    let running = 0
    let most = 0
    const done = queue.consume(
      async () => {
        most = Math.max(most, ++running)
        await turns(1)
        running--
      },
      { concurrency: 3 },
    )
    await queue.putBatch(Array.from({ length: 20 }, (_, i) => i))
    await queue.shutdown()
    await done
    expect(most).toBe(3)
  })

  test('resolves consume when the queue completes [Q4.11]', async open => {
    const queue = await open()
    let seen = 0
    await queue.put(1)
    const done = queue.consume(() => seen++)
    await queue.shutdown()
    await done
    expect(seen).toBe(1)
  })

  test('resolves consume only when its handlers are done [Q4.11] [P47]', async open => {
    const queue = await open()
    let finished = false
    await queue.put(1)
    const done = queue.consume(async (_, delivery) => {
      await delivery.ack()
      await turns()
      finished = true
    })
    await until(() => queue.metrics().acked === 1)
    await queue.shutdown()
    await done
    expect(finished).toBe(true)
  })

  test('hands out no item after consume is aborted [Q4.12]', async open => {
    const queue = await open()
    const abort = new AbortController()
    let seen = 0
    await queue.putBatch([1, 2, 3])
    const done = queue.consume(
      () => {
        seen++
        abort.abort('enough')
      },
      { signal: abort.signal },
    )
    expect(await failure(done)).toBe('enough')
    await turns()
    expect([seen, (await queue.stat()).size]).toEqual([1, 2])
  })

  test('settles running handlers before an aborted consume rejects [Q4.13]', async open => {
    const queue = await open()
    const abort = new AbortController()
    let finish = () => {}
    let rejected = false
    const done = queue.consume(() => new Promise<void>(resolve => (finish = resolve)), { signal: abort.signal })
    const failed = failure(done).then(reason => {
      rejected = true
      return reason
    })
    await queue.put(1)
    await until(() => queue.metrics().handedOver === 1)
    abort.abort('enough')
    await turns()
    expect(rejected).toBe(false)
    finish()
    expect(await failed).toBe('enough')
    expect(queue.metrics().acked).toBe(1)
  })

  test('awaits every handler before an aborted consume rejects [Q4.13]', async open => {
    const queue = await open()
    const abort = new AbortController()
    const finish: (() => void)[] = []
    let rejected = false
    const done = queue.consume(() => new Promise<void>(resolve => finish.push(resolve)), {
      concurrency: 2,
      signal: abort.signal,
    })
    const failed = failure(done).then(() => {
      rejected = true
    })
    await queue.putBatch([1, 2])
    await until(() => finish.length === 2)
    abort.abort()
    finish[0]?.()
    await turns()
    expect(rejected).toBe(false)
    finish[1]?.()
    await failed
  })

  test('refuses a concurrency that cannot be [Q16.4]', async open => {
    const queue = await open()
    for (const concurrency of [0, -1, 1.5, Number.NaN]) {
      expect(await codeOf(queue.consume(() => {}, { concurrency }))).toBe('ERR_OPTION')
    }
  })

  test('runs as many handlers as there are items where concurrency is Infinity [Q4.10]', async open => {
    const queue = await open()
    let running = 0
    void queue.consume(() => new Promise(() => running++), { concurrency: Number.POSITIVE_INFINITY }).catch(() => {})
    await queue.putBatch(Array.from({ length: 300 }, (_, i) => i))
    await until(() => running === 300)
  })

  test('leaves to the handler what it settles itself [Q4.9]', async open => {
    const queue = await open()
    let seen = 0
    const done = queue.consume(async (_, delivery) => {
      if (++seen === 1) await delivery.nack()
    })
    await queue.put(1)
    await until(() => queue.metrics().acked === 1)
    await queue.shutdown()
    await done
    expect([seen, queue.metrics().nacked, can.joinable || queue.metrics().lateSettles === 0]).toEqual([2, 1, true])
  })
}
