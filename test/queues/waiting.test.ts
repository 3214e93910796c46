import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fifoQueue } from 'queuelink'
import { expect, it } from 'vitest'
import { codeOf, turns } from './help.js'

const run = promisify(execFile)
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

it('lets the process exit while a get waits without an end [Q13.2]', async () => {
  // 13 is how Node ends when a top-level await can never settle.
  const ended = await run(process.execPath, [fixture('waiting-get.mjs'), 'get']).catch(error => error)
  expect([ended.code, ended.stdout]).toEqual([13, 'waiting\n'])
})

it('keeps the process alive until the timeout of a get [Q13.3]', async () => {
  const { stdout } = await run(process.execPath, [fixture('waiting-get.mjs'), 'timeout'])
  expect(stdout).toBe('waiting\nERR_QUEUE_EMPTY\n')
})

it('keeps the process alive until a delayed item has reached the get that waits for it [Q13.2]', async () => {
  const { stdout } = await run(process.execPath, [fixture('waiting-get.mjs'), 'delayed'])
  expect(stdout).toBe('waiting\n1\n')
})

it('lets the process exit with an idle handle and a subscription [Q13.4]', async () => {
  const { stdout } = await run(process.execPath, [fixture('waiting-get.mjs'), 'idle'])
  expect(stdout).toBe('waiting\n')
})

it('leaves no listener on the signal of a wait that is over [P34]', async () => {
  const queue = fifoQueue<number>()
  const abort = new AbortController()
  const { signal } = abort
  let listeners = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--
    removeEventListener.apply(signal, args)
  }
  for (let i = 0; i < 100; i++) {
    const got = queue.get({ signal })
    queue.putNowait(i)
    expect(await got).toBe(i)
  }
  await codeOf(queue.get({ signal, timeout: 1 }))
  const joinable = fifoQueue<number>({ joinable: true })
  joinable.putNowait(1)
  await codeOf(joinable.join({ signal, timeout: 1 }))
  const full = fifoQueue<number>({ capacity: 1 })
  full.putNowait(1)
  await codeOf(full.put(2, { signal, timeout: 1 }))
  const done = full.consume(() => {}, { signal })
  await full.shutdown()
  await done
  const closed = queue.consume(() => {}, { signal })
  await queue.close()
  expect([await codeOf(closed), listeners]).toEqual(['ERR_QUEUE_CLOSED', 0])
})

it('lets puts behind one that gave up go first, even while it is still in line [Q12.3]', async () => {
  const queue = fifoQueue<number>({ capacity: 1 })
  queue.putNowait(0)
  const abort = new AbortController()
  const gone = queue.put(1, { signal: abort.signal }).catch(() => 'gone')
  // Aborted inside a hand-over, when no flush can run yet.
  const subscription = queue.subscribe(() => {
    abort.abort()
    queueMicrotask(() => subscription.unsubscribe())
  })
  expect(await gone).toBe('gone')
  await turns(1)
  queue.putNowait(2)
  expect([queue.getNowait(), (await queue.stat()).waitingPuts]).toEqual([2, 0])
})

it('tells how many puts wait, without those that gave up [P42]', async () => {
  const queue = fifoQueue<number>({ capacity: 2 })
  queue.putNowait(0)
  const first = codeOf(queue.putBatch([1, 2]))
  const second = codeOf(queue.put(3, { timeout: 1 }))
  expect((await queue.stat()).waitingPuts).toBe(2)
  expect(await second).toBe('ERR_QUEUE_FULL')
  expect((await queue.stat()).waitingPuts).toBe(1)
  queue.getNowait()
  expect(await first).toBe(undefined)
})

it('ends many waits at one close, in every state [P21] [Q10.13]', async () => {
  const queue = fifoQueue<number>({ capacity: 1, joinable: true })
  const gets = Array.from({ length: 100 }, () => codeOf(queue.get()))
  await queue.close()
  expect(new Set(await Promise.all(gets))).toEqual(new Set(['ERR_QUEUE_CLOSED']))
  const full = fifoQueue<number>({ capacity: 1, joinable: true })
  full.putNowait(1)
  const puts = Array.from({ length: 100 }, (_, i) => codeOf(full.put(i)))
  const join = codeOf(full.join())
  await full.shutdown()
  await full.close()
  expect(new Set(await Promise.all([...puts, join]))).toEqual(new Set(['ERR_QUEUE_CLOSED']))
})

it('closes inside its own hand-over, with nothing handed over after it [Q10.14]', async () => {
  const queue = fifoQueue<number>()
  for (let i = 0; i < 5; i++) queue.putNowait(i)
  const seen: unknown[] = []
  queue.subscribe({
    next: item => {
      seen.push(item)
      void queue.close()
    },
    complete: () => seen.push('complete'),
  })
  await turns()
  expect(seen).toEqual([0, 'complete'])
})

it('closes while items of it wait in a sink, which keeps them [Q6.2]', async () => {
  const from = fifoQueue<number>()
  const to = fifoQueue<number>({ capacity: 1 })
  from.subscribe(to)
  for (let i = 0; i < 3; i++) from.putNowait(i)
  await from.close()
  expect([await to.get(), await to.get(), await to.get()]).toEqual([0, 1, 2])
  expect(from.metrics().lateSettles).toBe(2)
})
