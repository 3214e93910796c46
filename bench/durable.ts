// Objects to disk and back, on one disk in one run: items a second, the best of some rounds. Ours are durable when put resolves
// (synced), and acknowledged; pqueue never syncs. Beside a write and fdatasync of the same bytes by hand.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from 'msgpackr'
import { durableQueue, type SyncQueue } from 'queuelink'
import { type Event, event, events } from './event.js'
import { python } from './python.js'
import { keepBest, printTable, type Rates } from './table.js'

const ROUNDS = 5
const BATCH = 256

const directory = await mkdtemp(join(process.env.QUEUELINK_BENCH ?? tmpdir(), 'queuelink-bench-'))

async function rate(count: number, run: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await run()
  return (count / (performance.now() - start)) * 1000
}

async function takeAll(queue: SyncQueue<Event>, count: number): Promise<void> {
  for (let taken = 0; taken < count; ) taken += (await queue.getBatch(BATCH)).length
}

/** Name, items, how they are put. All are taken by batches. */
const puts: [name: string, count: number, put: (queue: SyncQueue<Event>, count: number) => Promise<void>][] = [
  [
    'queuelink, batches of 256',
    BATCH * 400,
    async (queue, count) => {
      for (let n = 0; n < count; n += BATCH) await queue.putBatch(events(n, BATCH))
    },
  ],
  [
    'queuelink, 256 concurrent awaited puts',
    BATCH * 100,
    async (queue, count) => {
      for (let n = 0; n < count; n += BATCH) await Promise.all(events(n, BATCH).map(item => queue.put(item)))
    },
  ],
  [
    'queuelink, one awaited put after another',
    BATCH * 8,
    async (queue, count) => {
      for (let n = 0; n < count; n++) await queue.put(event(n))
    },
  ],
]

async function byHand(count: number): Promise<number> {
  const file = await open(join(directory, 'by-hand'), 'w')
  try {
    return await rate(count, async () => {
      for (let n = 0; n < count; n++) {
        await file.write(pack(event(n)))
        await file.datasync()
      }
    })
  } finally {
    await file.close()
  }
}

const putRates: Rates = new Map()
const getRates: Rates = new Map()
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, rivals] of await python('disk_queues.py', 3000, directory)) {
      keepBest(name.endsWith('put') ? putRates : getRates, name.replace(/, (put|get).*/, ''), rivals)
    }
    keepBest(putRates, 'write and fdatasync by hand', await byHand(BATCH * 8))
    for (const [index, [name, count, put]] of puts.entries()) {
      const queue = await durableQueue<Event>(join(directory, `queue-${round}-${index}`))
      keepBest(putRates, name, await rate(count, () => put(queue, count)))
      keepBest(getRates, name, await rate(count, () => takeAll(queue, count)))
      await queue.unlink()
    }
  }
} finally {
  await rm(directory, { recursive: true })
}
printTable('Put, objects a second', putRates, 'pqueue')
printTable('Get and acknowledge, objects a second', getRates, 'pqueue')
