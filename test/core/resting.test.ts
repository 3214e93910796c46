import { type Delivery, fifoQueue, type SyncQueue } from 'queuelink'
import { expect, it } from 'vitest'
import type { LeasedDelivery } from '#src/core/delivery'
import { codeThrown } from '#src/testing/contract/kit'
import { HandClock } from './hand-clock.js'

/** Takes one delivery, by a subscription that leaves. */
function receiveNow<T>(queue: SyncQueue<T>): Delivery<T> {
  let taken: Delivery<T> | undefined
  const subscription = queue.deliveries({ prefetch: 1 }).subscribe(delivery => {
    taken = delivery
  })
  subscription.unsubscribe()
  if (!taken) throw new Error('there was nothing to take')
  return taken
}

/** Nacks whatever comes; answers how long each item rested before it came again. */
function restsOf(queue: SyncQueue<number>, clock: HandClock, delay?: number): number[] {
  const rests: number[] = []
  let nackedAt = 0
  queue.deliveries().subscribe(delivery => {
    if (delivery.attempt > 1) rests.push(clock.now() - nackedAt)
    nackedAt = clock.now()
    void delivery.nack(delay === undefined ? {} : { delay })
  })
  return rests
}

it('lets a nacked item rest 0, 1, 2, 4 … ms, and never more than 1,000 [Q8.2]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>({ maxAttempts: 100 })
    const rests = restsOf(queue, clock)
    queue.putNowait(1)
    expect([rests.length, queue.size]).toEqual([0, 1])
    clock.pass(5000)
    expect(rests).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000, 1000])
    expect(clock.timers.length).toBe(1)
  })
})

it('waits for just the delay of a nack, however often, and for a turn where it is 0 [Q8.3]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>({ maxAttempts: 100 })
    const rests = restsOf(queue, clock, 0)
    queue.putNowait(1)
    for (let i = 1; i <= 5; i++) {
      clock.turn()
      expect(rests.length).toBe(i)
    }
    expect([rests, clock.timers]).toEqual([[0, 0, 0, 0, 0], []])
  })
  HandClock.run(clock => {
    const queue = fifoQueue<number>({ maxAttempts: 100 })
    const rests = restsOf(queue, clock, 7)
    queue.putNowait(1)
    clock.pass(30)
    expect(rests).toEqual([7, 7, 7, 7])
  })
})

it('wakes those who rest in the order of their times, by one timer at a time [Q8.2]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    queue.putNowait(1)
    void receiveNow(queue).nack()
    clock.turn()
    void receiveNow(queue).nack()
    clock.pass(1)
    // The third rest of the first takes 2 ms; the first rest of the others, a turn.
    void receiveNow(queue).nack()
    expect([clock.timers, clock.waiting]).toEqual([[2], 0])
    queue.putNowait(2)
    queue.putNowait(3)
    const [second, third] = [receiveNow(queue), receiveNow(queue)]
    void third.nack()
    void second.nack()
    expect([clock.timers, clock.waiting, queue.size]).toEqual([[], 1, 3])
    const seen: number[] = []
    queue.subscribe(value => seen.push(value))
    clock.turn()
    expect([seen, clock.timers]).toEqual([[3, 2], [2]])
    clock.pass(2)
    expect([seen, clock.timers, clock.waiting]).toEqual([[3, 2, 1], [], 0])
  })
})

it('wakes those whose time is the same in the order of their nacks [Q8.2]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    const seen: number[] = []
    for (let value = 1; value <= 6; value++) queue.putNowait(value)
    const out = Array.from({ length: 6 }, () => receiveNow(queue))
    for (const delivery of out.reverse()) void delivery.nack()
    queue.subscribe(value => seen.push(value))
    clock.turn()
    expect(seen).toEqual([6, 5, 4, 3, 2, 1])
  })
})

it('lets what fails again while others wake wait for the next turn [Q8.1]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>({ maxAttempts: 100 })
    const seen: string[] = []
    queue.deliveries().subscribe(delivery => {
      seen.push(`${delivery.value}.${delivery.attempt}`)
      void delivery.nack({ delay: 0 })
    })
    queue.putNowait(1)
    queue.putNowait(2)
    clock.turn()
    expect(seen).toEqual(['1.1', '2.1', '1.2', '2.2'])
    clock.turn()
    expect(seen.slice(4)).toEqual(['1.3', '2.3'])
  })
})

for (const end of ['close', 'shutdown'] as const) {
  it(`keeps no timer for what rests after ${end} [Q13.4] [Q10.8]`, () => {
    HandClock.run(clock => {
      const queue = fifoQueue<number>()
      queue.putNowait(1)
      queue.putNowait(2)
      void receiveNow(queue).nack()
      expect(clock.waiting).toBe(1)
      void (end === 'close' ? queue.close() : queue.shutdown({ immediate: true }))
      expect([clock.waiting, clock.timers, queue.size]).toEqual([0, [], 0])
    })
  })
}

it('wakes what rests after an immediate shutdown that was undone [Q8.2] [Q10.11]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    queue.putNowait(1)
    void receiveNow(queue).nack()
    void queue.shutdown({ immediate: true })
    void queue.reopen()
    queue.putNowait(2)
    void receiveNow(queue).nack()
    clock.turn()
    expect(queue.getNowait()).toBe(2)
  })
})

it('hands over nothing in the turn of a nack, though its delay is over, and all in the next [Q8.3]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    queue.putNowait(1)
    queue.putNowait(2)
    const [first, second] = [receiveNow(queue), receiveNow(queue)]
    void first.nack({ delay: 1 })
    clock.spend(5)
    void second.nack({ delay: 1 })
    clock.spend(5)
    expect([codeThrown(() => queue.getNowait()), queue.size, queue.peek()]).toEqual(['ERR_QUEUE_EMPTY', 0, undefined])
    const seen: number[] = []
    queue.subscribe(value => seen.push(value))
    expect(seen).toEqual([])
    clock.turn()
    expect([seen, clock.timers]).toEqual([[1, 2], []])
  })
})

it('keeps one timer, for the first of the delayed items, and only while somebody waits [Q13.1] [Q11.4]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    void queue.put(100, { delay: 100 })
    void queue.put(50, { delay: 50 })
    expect(clock.timers).toEqual([])
    const seen: number[] = []
    const first = queue.subscribe(value => seen.push(value))
    const second = queue.subscribe(value => seen.push(value))
    expect(clock.timers).toEqual([50])
    void queue.put(20, { delay: 20 })
    void queue.put(70, { delay: 70 })
    expect(clock.timers).toEqual([20])
    first.unsubscribe()
    expect(clock.timers).toEqual([20])
    clock.pass(30)
    expect([seen, clock.timers]).toEqual([[20], [20]])
    second.unsubscribe()
    expect(clock.timers).toEqual([])
    clock.pass(30)
    expect([queue.size, seen]).toEqual([1, [20]])
    void receiveNow(queue).nack({ delay: 1 })
    expect(clock.timers).toEqual([])
    clock.pass(1)
    queue.subscribe(value => seen.push(value))
    expect([seen, clock.timers]).toEqual([[20, 50], [9]])
    void queue.close()
    expect(clock.timers).toEqual([])
  })
})

it('keeps no timer for a delayed item once nothing is delayed any more [Q13.1]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    queue.subscribe()
    void queue.put(1, { delay: 10 })
    expect(clock.timers).toEqual([10])
    void queue.shutdown({ immediate: true })
    expect(clock.timers).toEqual([])
  })
})

it('gives a delayed item its place in line when it falls due, for good [Q1.5] [Q11.4]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    queue.putNowait(1)
    void queue.put(3, { delay: 10 })
    queue.putNowait(2)
    clock.pass(10)
    expect(queue.size).toBe(3)
    queue.putNowait(4)
    const out = [1, 2, 3, 4].map(() => receiveNow(queue))
    expect(out.map(({ value }) => value)).toEqual([1, 2, 3, 4])
    for (const i of [3, 1, 0, 2]) void out[i]?.nack()
    clock.turn()
    expect([1, 2, 3, 4].map(() => queue.getNowait())).toEqual([1, 2, 3, 4])
  })
})

it('has no timer for a wait without an end, and ends the timer of one that is over [Q13.2] [Q13.3]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>({ capacity: 1 })
    void queue.get({ timeout: Number.POSITIVE_INFINITY })
    expect(clock.timers).toEqual([])
    void queue.get({ timeout: 10 })
    expect(clock.timers).toEqual([10])
    queue.putNowait(1)
    queue.putNowait(2)
    expect(clock.timers).toEqual([])
    queue.putNowait(3)
    void queue.put(4, { timeout: 20 })
    expect(clock.timers).toEqual([20])
    queue.getNowait()
    expect(clock.timers).toEqual([])
  })
})

it('hands over items that fall due together in the order of their puts [Q1.1] [Q11.4]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<number>()
    const seen: number[] = []
    queue.subscribe(value => seen.push(value))
    for (const value of [1, 2, 3, 4, 5]) void queue.put(value, { delay: 10 })
    clock.pass(9)
    expect(seen).toEqual([])
    clock.pass(1)
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })
})

it('puts what a link put off back into its place, though nobody was given it [Q1.5]', () => {
  HandClock.run(clock => {
    const queue = fifoQueue<string>()
    for (const item of ['a', 'b', 'c']) queue.putNowait(item)
    const first = receiveNow(queue) as LeasedDelivery<string>
    first.release(clock.now() + 5)
    clock.pass(10)
    expect([queue.getNowait(), queue.getNowait(), queue.getNowait()]).toEqual(['a', 'b', 'c'])
  })
})
