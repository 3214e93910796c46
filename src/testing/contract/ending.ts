import { of, Subject } from 'rxjs'
import { codeOf, failure, type Kit, take, turns, unhandledIn, until } from './kit.js'

/** Q10.1 to Q10.11: completion and shutdown. */
export function endingContract({ test, expect, can }: Kit): void {
  const watch = (source: { subscribe(o: { next?: () => void; complete: () => void }): unknown }) => {
    const seen = { completed: false }
    source.subscribe({
      complete: () => {
        seen.completed = true
      },
    })
    return seen
  }

  test('completes when shut down and drained [Q10.1]', async open => {
    const queue = await open()
    await queue.put(1)
    const items: number[] = []
    let completed = false
    await queue.shutdown()
    queue.subscribe({ next: item => items.push(item), complete: () => (completed = true) })
    await until(() => completed)
    expect(items).toEqual([1])
  })

  test('does not complete while anything is leased [Q10.1] [P17]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    const seen = watch(queue)
    await queue.shutdown()
    await turns()
    expect(seen.completed).toBe(false)
    await delivery.ack()
    await until(() => seen.completed)
  })

  test('does not complete while anything is delayed [Q10.1]', async open => {
    const queue = await open()
    const putAt = performance.now()
    await queue.put(1, { delay: 30 })
    const seen: unknown[] = []
    let completedAt = 0
    queue.subscribe({
      next: item => seen.push(item),
      complete: () => {
        completedAt = performance.now()
      },
    })
    await queue.shutdown()
    await until(() => completedAt > 0)
    // A timer may be a millisecond early.
    expect([seen, completedAt - putAt >= 28]).toEqual([[1], true])
  })

  test('is not shut down by the end of a source [Q10.2]', async open => {
    const queue = await open()
    const unhandled = await unhandledIn(async () => {
      of(1).subscribe(queue)
      const failing = new Subject<number>()
      failing.subscribe(queue)
      failing.error('broken')
      of(2).subscribe(queue.sink())
      await turns()
    })
    expect([unhandled, queue.closed]).toEqual([['broken'], false])
    await queue.put(3)
  })

  test('is shut down by a sink with closeOnComplete [Q10.2]', async open => {
    const queue = await open({ capacity: 1 })
    const sink = queue.sink({ closeOnComplete: true })
    of(1, 1).subscribe(sink)
    await turns()
    expect(queue.closed).toBe(false)
    await take(queue, can)
    await sink.done
    expect(queue.closed).toBe(true)
    expect(await take(queue, can)).toBe(1)
  })

  test('fails puts from the call of shutdown on [Q10.4]', async open => {
    const queue = await open()
    const down = queue.shutdown()
    expect([await codeOf(queue.put(1)), await codeOf(queue.putBatch([1]))]).toEqual(Array(2).fill('ERR_QUEUE_CLOSED'))
    await down
    expect((await queue.stat()).size).toBe(0)
  })

  test('rejects the puts that wait at a shutdown [Q10.5] [P21]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1)
    const waiting = codeOf(queue.put(2))
    const batch = codeOf(queue.putBatch([3]))
    await queue.shutdown()
    expect([await waiting, await batch]).toEqual(Array(2).fill('ERR_QUEUE_CLOSED'))
    expect((await queue.stat()).size).toBe(1)
  })

  test('rejects each of them once, and not those that gave up before [Q10.5] [Q13.9]', async open => {
    const queue = await open({ capacity: 1 })
    await queue.put(1)
    const abort = new AbortController()
    const waiting = codeOf(queue.put(2))
    const left = failure(queue.put(3, { signal: abort.signal }))
    abort.abort('enough')
    expect((await queue.stat()).waitingPuts).toBe(1)
    await queue.shutdown()
    expect([await waiting, await left, (await queue.stat()).waitingPuts]).toEqual(['ERR_QUEUE_CLOSED', 'enough', 0])
    await take(queue, can)
    await queue.reopen()
    await queue.put(4, { timeout: 0 })
  })

  test('lets waiting gets go on until the queue has drained [Q10.6] [P21]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    const [got, late, received] = [queue.get(), codeOf(queue.get()), codeOf(queue.receive())]
    await queue.shutdown()
    await delivery.nack()
    expect(await got).toBe(1)
    if (can.joinable) queue.taskDone()
    expect([await late, await received]).toEqual(Array(2).fill('ERR_QUEUE_CLOSED'))
    expect([await codeOf(queue.get()), await codeOf(queue.get({ timeout: 0 }))]).toEqual(
      Array(2).fill('ERR_QUEUE_CLOSED'),
    )
  })

  test('resolves shutdown at once, with nothing [Q10.7] [P1]', async open => {
    const queue = await open()
    await queue.put(1)
    expect(await queue.shutdown()).toEqual([])
    expect((await queue.stat()).size).toBe(1)
  })

  test('hands back what was ready, delayed or resting at an immediate shutdown [Q10.8]', async open => {
    const queue = await open()
    await queue.putBatch([1, 2])
    await queue.put(3, { delay: 60_000 })
    await (await queue.receive()).nack()
    const left = await queue.shutdown({ immediate: true })
    expect(left.sort()).toEqual([1, 2, 3])
    const { size, delayed, leased } = await queue.stat()
    expect([size, delayed, leased]).toEqual([0, 0, 0])
  })

  for (const immediate of [false, true]) {
    test(`leaves leased items settleable, immediate: ${immediate} [Q10.9] [P47]`, async open => {
      const queue = await open()
      await queue.put(1)
      const delivery = await queue.receive()
      await queue.shutdown({ immediate })
      await delivery.ack()
      expect(queue.metrics().acked).toBe(1)
    })
  }

  test('discards and counts what is given back after an immediate shutdown [Q10.10]', async open => {
    const queue = await open()
    await queue.putBatch([1, 1])
    const first = await queue.receive()
    const second = await queue.receive()
    const seen = watch(queue)
    await queue.shutdown({ immediate: true })
    await first.nack()
    await second.nack({ delay: 60_000 })
    await until(() => seen.completed)
    expect(queue.metrics().discarded).toBe(2)
  })

  test('goes on discarding when an ordinary shutdown follows [Q10.10]', async open => {
    const queue = await open()
    await queue.put(1)
    const delivery = await queue.receive()
    await queue.shutdown({ immediate: true })
    await queue.shutdown()
    await delivery.nack()
    await turns()
    expect([queue.metrics().discarded, (await queue.stat()).size]).toEqual([1, 0])
  })

  test('is drained again when it was reopened, filled and shut down before anybody reads [Q10.1] [Q10.11]', async open => {
    const queue = await open<number>()
    for (const item of [1, 2]) {
      if (queue.closed) await queue.reopen()
      await queue.put(item)
      await queue.shutdown()
      const seen: number[] = []
      await queue.forEach(value => void seen.push(value))
      expect(seen).toEqual([item])
    }
  })

  test('takes items again after reopen [Q10.11]', async open => {
    const queue = await open()
    await queue.shutdown({ immediate: true })
    await queue.reopen()
    await queue.put(1)
    await (await queue.receive()).nack()
    expect(await take(queue, can)).toBe(1)
    expect(await failure(queue.get({ timeout: 0 })).then(e => (e as { code: unknown }).code)).toBe('ERR_QUEUE_EMPTY')
  })
}
