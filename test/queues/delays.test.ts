import { fifoQueue } from 'queuelink'
import { expect, it, vi } from 'vitest'
import { until } from './help.js'

it('hands over 10,000 delayed items in the order of their time, with one timer [Q8.3] [Q11.4]', async () => {
  vi.useFakeTimers()
  try {
    const queue = fifoQueue<number>()
    const seen: number[] = []
    queue.subscribe(item => seen.push(item))
    // 7919 is prime to 10,000: every delay up to 10 s, in no order.
    for (let i = 0; i < 10_000; i++) void queue.put((i * 7919) % 10_000, { delay: 1 + ((i * 7919) % 10_000) })
    expect([queue.size, (await queue.stat()).delayed, vi.getTimerCount()]).toEqual([0, 10_000, 1])
    vi.advanceTimersByTime(5000)
    expect([seen.length, vi.getTimerCount()]).toEqual([5000, 1])
    vi.advanceTimersByTime(5000)
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('lets a delayed item join the line when its time has come [Q11.4]', async () => {
  const queue = fifoQueue<number>()
  await queue.put(1, { delay: 5 })
  await queue.put(2)
  await until(() => queue.size === 2)
  await queue.put(3)
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual([2, 1, 3])
})

it('returns an item nacked with a delay to its place [Q1.5] [Q8.3]', async () => {
  const queue = fifoQueue<number>()
  await queue.putBatch([1, 2])
  await (await queue.receive()).nack({ delay: 5 })
  await until(() => queue.size === 2)
  expect([await queue.get(), await queue.get()]).toEqual([1, 2])
})

it('keeps no timer for delayed items that nobody waits for [Q13.1]', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  try {
    const queue = fifoQueue<number>()
    await queue.put(1, { delay: 60_000 })
    expect(timers).toHaveBeenCalledTimes(0)
    const abort = new AbortController()
    const waiting = queue.get({ signal: abort.signal }).catch(() => 'gone')
    expect(timers).toHaveBeenCalledTimes(1)
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    abort.abort()
    expect([await waiting, cleared.mock.calls.length]).toEqual(['gone', 1])
    cleared.mockRestore()
  } finally {
    timers.mockRestore()
  }
})
