// A host and a client in two processes, over a Unix socket: objects a second, the best of some rounds, all in one run. Each contest moves some first
// that do not count, until the code of both sides is compiled.
// Each item acknowledged; beside child_process.send, which acknowledges nothing and knows no bound.
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fifoQueue, type HostedQueue, hostQueue } from 'queuelink'
import { type Event, events } from './event.js'
import { childProcessSend, started, timedChild } from './other-process.js'
import { keepBest, printTable, type Rates } from './table.js'

const ROUNDS = 3
const BATCH = 256

type Here = (host: HostedQueue<Event>, count: number) => Promise<void>

/** Until the client has put or taken all, and so has this side. */
async function hosted(contest: string, count: number, here: Here): Promise<number> {
  const address = join(tmpdir(), `queuelink-bench-${process.pid}.sock`)
  const host = await hostQueue(fifoQueue<Event>({ capacity: 16_384 }), address)
  const child = await started('./hosted-client.js', contest, String(count), address, host.token)
  const rate = await timedChild(count, child, async () => {
    const done = once(child, 'message')
    await Promise.all([here(host, count), done])
  })
  await host.close()
  return rate
}

const take: Here = async (host, count) => {
  for (let received = 0; received < count; ) received += (await host.getBatch(BATCH)).length
}

const put: Here = async (host, count) => {
  for (let n = 0; n < count; n += BATCH) await host.putBatch(events(n, BATCH))
}

const contests: [name: string, run: () => Promise<number>][] = [
  ['child_process.send', () => childProcessSend(BATCH * 500)],
  ['queuelink, a client puts batches of 256', () => hosted('put', BATCH * 4000, take)],
  ['queuelink, a client takes what its host puts', () => hosted('take', BATCH * 4000, put)],
  ['queuelink, single awaited puts of a client', () => hosted('singles', BATCH * 100, take)],
]

const rates: Rates = new Map()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of contests) keepBest(rates, name, await run())
}
printTable('A host and a client over a Unix socket, objects a second', rates, 'child_process.send')
