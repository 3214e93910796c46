// One producer process, one consumer process: objects a second, the best of some rounds, all in one run. Each contest moves some first that do
// not count, until the code of both sides is compiled.
// Ours with leases and acknowledged; beside child_process.send, worker.postMessage, zeromq over ipc and Python's multiprocessing.Queue.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { unpack } from 'msgpackr'
import { type SyncQueue, sharedQueue } from 'queuelink'
import type { Event } from './event.js'
import { peer } from './peer.js'
import { python } from './python.js'
import { keepBest, printTable, type Rates } from './table.js'

const ROUNDS = 5
const BATCH = 256
const PRODUCER = fileURLToPath(new URL('./shared-producer.js', import.meta.url))

interface Pull {
  bind(address: string): Promise<void>
  receive(): Promise<Uint8Array[]>
  close(): void
}

async function producer(contest: string, count: number, address = ''): Promise<ChildProcess> {
  const child = fork(PRODUCER, [contest, String(count), address])
  await once(child, 'message')
  return child
}

/** What somebody who is told `go` sends, twice; answers the items a second from the second word until the last has arrived. */
async function timed(count: number, go: () => void, consume: () => Promise<void>): Promise<number> {
  go()
  await consume()
  const start = performance.now()
  go()
  await consume()
  return (count / (performance.now() - start)) * 1000
}

async function timedChild(count: number, child: ChildProcess, consume: () => Promise<void>): Promise<number> {
  const exit = once(child, 'exit')
  const rate = await timed(count, () => child.send('go'), consume)
  child.send('done')
  await exit
  return rate
}

/** As many messages of a process or a thread. */
function messages(count: number, from: Worker | ChildProcess): Promise<void> {
  let received = 0
  return new Promise(resolve => {
    const listener = (): void => {
      if (++received < count) return
      from.off('message', listener)
      resolve()
    }
    from.on('message', listener)
  })
}

async function childProcessSend(count: number): Promise<number> {
  const child = await producer('send', count)
  return timedChild(count, child, () => messages(count, child))
}

async function postMessage(count: number): Promise<number> {
  const code = `const { parentPort, workerData } = require('node:worker_threads')
    parentPort.on('message', () => {
      for (let id = 0; id < workerData; id++) parentPort.postMessage({ id, name: 'event', ts: 1234567, tags: ['a', 'b'] })
    })
    parentPort.postMessage('ready')`
  const worker = new Worker(code, { eval: true, workerData: count })
  await once(worker, 'message')
  const rate = await timed(
    count,
    () => worker.postMessage('go'),
    () => messages(count, worker),
  )
  await worker.terminate()
  return rate
}

async function zeromq(count: number): Promise<number | undefined> {
  const library = peer<{ Pull: new (o: object) => Pull }>('zeromq')
  if (!library) return undefined
  const pull = new library.Pull({ receiveHighWaterMark: 1024 })
  const address = `ipc://${join(tmpdir(), `queuelink-bench-${process.pid}.sock`)}`
  await pull.bind(address)
  const child = await producer('zeromq', count, address)
  const rate = await timedChild(count, child, async () => {
    for (let received = 0; received < count; received++) {
      const [message] = await pull.receive()
      unpack(message as Uint8Array)
    }
  })
  pull.close()
  return rate
}

type Consume = (queue: SyncQueue<Event>, count: number) => Promise<void>

const batches: Consume = async (queue, count) => {
  for (let received = 0; received < count; ) received += (await queue.getBatch(BATCH)).length
}

const singles: Consume = async (queue, count) => {
  for (let received = 0; received < count; received++) await queue.get()
}

const observer: Consume = (queue, count) => {
  let received = 0
  return new Promise(resolve => {
    const subscription = queue.subscribe(() => {
      if (++received < count) return
      subscription.unsubscribe()
      resolve()
    })
  })
}

async function shared(contest: string, count: number, consume: Consume): Promise<number> {
  const name = `bench-${process.pid}`
  const queue = await sharedQueue<Event>(name, { capacity: 65_536, mode: 'create' })
  try {
    return await timedChild(count, await producer(contest, count, name), () => consume(queue, count))
  } finally {
    await queue.unlink()
  }
}

const contests: [name: string, run: () => Promise<number | undefined>][] = [
  ['child_process.send', () => childProcessSend(BATCH * 300)],
  ['worker.postMessage', () => postMessage(BATCH * 500)],
  ['zeromq, push to pull over ipc', () => zeromq(BATCH * 300)],
  ['queuelink, batches of 256', () => shared('batches', BATCH * 4000, batches)],
  ['queuelink, Observable to Observer', () => shared('observer', BATCH * 2000, observer)],
  ['queuelink, single awaited put and get', () => shared('singles', BATCH * 1000, singles)],
]

const rates: Rates = new Map()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of contests) {
    const rate = await run()
    if (rate !== undefined) keepBest(rates, name, rate)
  }
  for (const [name, rate] of await python('multiprocessing_queue.py', 100_000)) keepBest(rates, `Python ${name}`, rate)
}
printTable('One producer, one consumer, objects a second', rates, 'child_process.send')
