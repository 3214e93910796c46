// One producer process, one consumer process: objects a second, the best of some rounds, all in one run. Each contest moves some first that do
// not count, until the code of both sides is compiled.
// Ours with leases and acknowledged; beside child_process.send, worker.postMessage, zeromq over ipc and Python's multiprocessing.Queue.
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { unpack } from 'msgpackr'
import { type SyncQueue, sharedQueue } from 'queuelink'
import type { Event } from './event.js'
import { childProcessSend, messages, started, timed, timedChild } from './other-process.js'
import { peer } from './peer.js'
import { python } from './python.js'
import { keepBest, printTable, type Rates } from './table.js'

const ROUNDS = 5
const BATCH = 256
const PRODUCER = './shared-producer.js'

interface Pull {
  bind(address: string): Promise<void>
  receive(): Promise<Uint8Array[]>
  close(): void
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
  const child = await started(PRODUCER, 'zeromq', String(count), address)
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
    return await timedChild(count, await started(PRODUCER, contest, String(count), name), () => consume(queue, count))
  } finally {
    await queue.unlink()
  }
}

const contests: [name: string, run: () => Promise<number | undefined>][] = [
  ['child_process.send', () => childProcessSend(BATCH * 300)],
  ['worker.postMessage', () => postMessage(BATCH * 500)],
  ['zeromq, push to pull over ipc', () => zeromq(BATCH * 300)],
  ['queuelink, batches of 256', () => shared('batches', BATCH * 4000, batches)],
  ['queuelink, Observable to Observer', () => shared('observer', BATCH * 4000, observer)],
  ['queuelink, single awaited put and get', () => shared('singles', BATCH * 2000, singles)],
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
