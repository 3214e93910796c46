import { type CommonOptions, type Delivery, fifoQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { Mailbox } from '#src/core/mailbox'
import { checkCount } from '#src/core/options'
import { Queue } from '#src/core/queue'
import { codeOf, failure, turns, until } from '#src/testing/contract/kit'
import { countedContract } from './counted-contract.js'
import { type LateStore, Place } from './late-store.js'

/** A handle of what is kept there. */
function handleOf<T>(place: Place<T>, o: CommonOptions<T> = {}): { queue: Queue<T>; store: LateStore<T> } {
  const store = place.open()
  const name = o.name ?? 'late'
  const maxAttempts = checkCount('maxAttempts', o.maxAttempts, 16)
  return { queue: new Queue(new Mailbox(store, { ...o, name, maxAttempts }), o.joinable ?? false), store }
}

for (const joinable of [false, true]) {
  const capabilities = { sync: false, joinable, order: 'fifo', process: 'any' } as const
  const make = <T>(o: CommonOptions<T>) =>
    handleOf(new Place<T>(checkCount('capacity', o.capacity, Number.POSITIVE_INFINITY)), o).queue
  countedContract(`a store that takes its time, joinable: ${joinable}`, { make, capabilities })
}

describe('two handles of one store', () => {
  const NOTHING = { items: false, room: false, rest: false }

  it('tell the store what somebody waits for, for as long as they do [Q13.1] [Q13.4]', async () => {
    const place = new Place<number>(1)
    const [one, other] = [handleOf(place, { joinable: true }), handleOf(place)]
    expect(one.store.wants).toEqual(NOTHING)
    const got = one.queue.get()
    expect(one.store.wants).toEqual({ ...NOTHING, items: true })
    await other.queue.put(1)
    expect([await got, one.store.wants]).toEqual([1, NOTHING])
    const put = other.queue.put(2)
    expect(other.store.wants).toEqual({ ...NOTHING, room: true })
    const joined = one.queue.join()
    await until(() => one.store.wants.rest)
    expect(one.store.wants).toEqual({ ...NOTHING, rest: true })
    one.queue.taskDone()
    await put
    await until(() => !other.store.wants.room)
    expect(other.store.wants).toEqual(NOTHING)
    void (await other.queue.receive()).ack()
    await joined
    expect([one.store.wants, other.store.wants]).toEqual([NOTHING, NOTHING])
  })

  it('tell it that a reader waits for the end, once the queue is shut down [Q10.1] [Q13.4]', async () => {
    const place = new Place<number>(1)
    const [one, other] = [handleOf(place), handleOf(place)]
    await other.queue.put(1)
    const delivery = await other.queue.receive()
    let completed = false
    const subscription = one.queue.subscribe({ complete: () => (completed = true) })
    one.queue.deliveries({ prefetch: 1 }).subscribe()
    await other.queue.shutdown()
    await until(() => one.store.wants.rest)
    await turns()
    expect(completed).toBe(false)
    await delivery.ack()
    await until(() => completed)
    expect([subscription.closed, one.store.wants, other.store.wants]).toEqual([true, NOTHING, NOTHING])
  })

  it('try once for as long as the store takes to say how it went, not by the clock [Q13.6]', async () => {
    const { queue } = handleOf(new Place<number>(1))
    await new Promise(resolve => setImmediate(resolve))
    const put = queue.put(1, { timeout: 0 })
    // A timer would ring before the store has had its turn.
    for (const end = performance.now() + 3; performance.now() < end; );
    await put
    expect(await codeOf(queue.put(2, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(await queue.get()).toBe(1)
  })

  it('want nothing any more when a wait is given up or a reader leaves [Q13.4] [Q13.9]', async () => {
    const place = new Place<number>(1)
    const { queue, store } = handleOf(place, { joinable: true })
    const abort = new AbortController()
    const got = codeOf(queue.get({ timeout: 1 }))
    await got
    expect(store.wants).toEqual(NOTHING)
    const subscription = queue.observe({ prefetch: 1 }).subscribe()
    expect(store.wants).toEqual({ ...NOTHING, items: true })
    subscription.unsubscribe()
    expect(store.wants).toEqual(NOTHING)
    await queue.put(1)
    const waiting = [queue.put(2, { signal: abort.signal }), queue.join({ signal: abort.signal })].map(codeOf)
    await until(() => store.wants.room && store.wants.rest)
    abort.abort()
    await Promise.all(waiting)
    expect(store.wants).toEqual(NOTHING)
    await queue.close()
  })
})

it('ends all that waits, and every later call, with the error with which its store broke [Q10.16]', async () => {
  const { queue, store } = handleOf(new Place<number>(1))
  await queue.put(1)
  const delivery = await queue.receive()
  const ends: unknown[] = []
  queue.subscribe({ error: error => ends.push(error), complete: () => ends.push('completed') })
  queue.deliveries().subscribe({ error: error => ends.push(error), complete: () => ends.push('completed') })
  const waiting = [queue.get(), queue.put(2), queue.consume(() => {})].map(failure)
  const broken = new Error('broken')
  store.break(broken)
  store.break(new Error('broken again'))
  await queue.close()
  expect([ends, await Promise.all(waiting)]).toEqual([
    [broken, broken],
    [broken, broken, broken],
  ])
  const later = [queue.put(3), queue.get(), queue.stat(), queue.shutdown()].map(failure)
  expect(await Promise.all(later)).toEqual(later.map(() => broken))
  expect(await codeOf(delivery.ack())).toBe('ERR_LEASE_LOST')
})

it('counts a settling whose lease has passed on, and changes nothing by it [Q7.1] [Q7.2] [Q7.3] [Q10.10]', async () => {
  const { queue, store } = handleOf(new Place<number>(10))
  await queue.putBatch([1, 2, 3, 4])
  const out = [await queue.receive(), await queue.receive(), await queue.receive(), await queue.receive()]
  store.disown()
  expect(await codeOf((out[0] as Delivery<number>).ack())).toBe('ERR_LEASE_LOST')
  expect(await codeOf((out[1] as Delivery<number>).nack({ delay: 60_000 }))).toBe('ERR_LEASE_LOST')
  expect(await codeOf((out[2] as Delivery<number>).nack({ requeue: false }))).toBe('ERR_LEASE_LOST')
  await queue.shutdown({ immediate: true })
  expect(await codeOf((out[3] as Delivery<number>).nack())).toBe('ERR_LEASE_LOST')
  const { acked, discarded, lateSettles } = queue.metrics()
  expect([acked, discarded, lateSettles, (await queue.stat()).delayed]).toEqual([0, 0, 4, 0])
})

it('says of a store that broke with something else than an error that it did, and with what [Q16.1]', async () => {
  const { queue, store } = handleOf(new Place<number>(1))
  store.break('gone')
  const error = (await failure(queue.put(1))) as Error & { code: unknown }
  expect([error.code, error.cause]).toEqual(['ERR_QUEUE_CLOSED', 'gone'])
})

describe('what is on its way to a store', () => {
  it('counts as stored when it is there: for a put, a receipt and a sink [Q5.1] [Q5.3] [Q9.5]', async () => {
    const { queue, store } = handleOf(new Place<number>(10))
    store.pause()
    const from = fifoQueue<number>()
    from.subscribe(queue)
    from.putNowait(1)
    const sink = queue.sink()
    const ends: string[] = []
    sink.next(2)
    sink.complete()
    void sink.done.then(() => ends.push('sink'))
    void queue.put(3).then(() => ends.push('put'))
    await turns()
    expect([ends, (await from.stat()).leased, from.metrics().acked, queue.metrics().put]).toEqual([[], 1, 0, 3])
    store.resume()
    await until(() => ends.length === 2)
    expect([(await from.stat()).leased, from.metrics().acked, queue.size]).toEqual([0, 1, 3])
  })

  it('is given up when the timeout is over or the signal aborts [Q13.5] [Q13.7] [Q13.9]', async () => {
    const { queue, store } = handleOf(new Place<number>(10))
    store.pause()
    const abort = new AbortController()
    const late = codeOf(queue.put(1, { timeout: 1 }))
    const aborted = failure(queue.putBatch([2, 3], { signal: abort.signal }))
    const stored = queue.put(4, { timeout: 60_000, signal: new AbortController().signal })
    expect(await late).toBe('ERR_QUEUE_FULL')
    abort.abort('enough')
    expect([await aborted, queue.size]).toEqual(['enough', 1])
    store.resume()
    await stored
    expect([await queue.get(), queue.size]).toEqual([4, 0])
  })

  it('fails the one put that cannot be stored, and no other [Q12.1]', async () => {
    const { queue, store } = handleOf(new Place<number>(10))
    store.pause()
    const puts = [queue.put(1), queue.put(2), queue.put(3)]
    const lost = failure(puts[1] as Promise<void>)
    const broken = new Error('it broke on the way')
    store.lose(1, broken)
    expect(await lost).toBe(broken)
    store.resume()
    await Promise.all([puts[0], puts[2]])
    expect([await queue.get(), await queue.get(), queue.size]).toEqual([1, 3, 0])
  })

  it('goes back, or fails its put, when the handle is closed [Q8.4] [Q10.13]', async () => {
    const { queue, store } = handleOf(new Place<number>(10))
    store.pause()
    const from = fifoQueue<number>()
    const sink = queue.sink()
    from.subscribe(sink)
    from.putNowait(1)
    const puts = [queue.put(2), queue.putBatch([3, 4])].map(codeOf)
    await queue.close()
    expect(await Promise.all(puts)).toEqual(['ERR_QUEUE_CLOSED', 'ERR_QUEUE_CLOSED'])
    await turns()
    expect([await codeOf(sink.done), from.size]).toEqual(['ERR_QUEUE_CLOSED', 1])
  })
})

it('ends with its signal a call that tries once, while the store is asked [Q13.6] [Q13.7]', async () => {
  const { queue, store } = handleOf(new Place<number>(1))
  await queue.put(1)
  const abort = new AbortController()
  const { signal } = abort
  const put = failure(queue.put(2, { timeout: 0, signal }))
  abort.abort('enough')
  expect(await put).toBe('enough')
  await queue.get()
  const other = new AbortController()
  const got = failure(queue.get({ timeout: 0, signal: other.signal }))
  other.abort('enough')
  expect([await got, store.wants.items]).toEqual(['enough', false])
})

it('fails a call that tries once, and a join, where the store cannot be asked [Q13.6] [Q15.3]', async () => {
  const { queue, store } = handleOf(new Place<number>(1), { joinable: true })
  const deaf = new Error('nobody answers')
  store.deaf = deaf
  expect([await failure(queue.get({ timeout: 0 })), await failure(queue.join())]).toEqual([deaf, deaf])
  await queue.put(1)
  expect(await failure(queue.put(2, { timeout: 0 }))).toBe(deaf)
})

it('hands over no more while what is out fills an eighth of the bytes [Q3.3] [Q4.1]', async () => {
  const { queue } = handleOf(new Place<number>(100, 960, 30))
  const out: Delivery<number>[] = []
  queue.deliveries().subscribe(delivery => out.push(delivery))
  await queue.putBatch(Array.from({ length: 20 }, (_, i) => i))
  await turns()
  // 90 bytes leave room for one more, 120 are an eighth.
  expect(out.length).toBe(4)
  await out[0]?.ack()
  await turns()
  expect(out.length).toBe(5)
  void out[1]?.nack({ delay: 60_000 })
  void out[2]?.ack()
  await turns()
  expect(out.length).toBe(7)
})
