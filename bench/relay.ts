// From one shared queue to one or three through a link in a child process: objects a second, the best of some rounds,
// beside Python's queuelink over multiprocessing.Queue.
import { link, type SyncQueue, sharedQueue, step } from 'queuelink'
import { type Event, events } from './event.js'
import { python } from './python.js'
import { keepBest, printTable, type Rates } from './table.js'

const ROUNDS = 3
const BATCH = 256
const COUNT = BATCH * 2000

const relabel = step(new URL('./relabel.js', import.meta.url), 'relabel')

async function drain(queue: SyncQueue<Event>): Promise<void> {
  for (let taken = 0; taken < COUNT; ) taken += (await queue.getBatch(BATCH)).length
}

async function relayed(fanOut: number, through?: typeof relabel): Promise<number> {
  const queues = await Promise.all(
    Array.from({ length: fanOut + 1 }, (_, n) => {
      return sharedQueue<Event>(`bench-relay-${process.pid}-${n}`, { capacity: COUNT, bytes: 64 << 20, mode: 'create' })
    }),
  )
  const [source, ...destinations] = queues as [SyncQueue<Event>, ...SyncQueue<Event>[]]
  try {
    for (let n = 0; n < COUNT; n += BATCH) await source.putBatch(events(n, BATCH))
    const moving = link(source, destinations, { placement: 'process', ...(through && { through }) })
    // The child's start is not what is measured: the clock runs from the first item.
    await destinations[0]?.get()
    const start = performance.now()
    await Promise.all(destinations.map((queue, n) => (n === 0 ? drainRest(queue) : drain(queue))))
    const rate = (COUNT / (performance.now() - start)) * 1000
    await moving.stop()
    return rate
  } finally {
    await Promise.all(queues.map(queue => queue.unlink()))
  }
}

async function drainRest(queue: SyncQueue<Event>): Promise<void> {
  for (let taken = 1; taken < COUNT; ) taken += (await queue.getBatch(BATCH)).length
}

const rates: Rates = new Map()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, rate] of await python('queuelink_link.py', 20_000))
    keepBest(rates, `Python queuelink, ${name}`, rate)
  keepBest(rates, 'queuelink, one to one', await relayed(1))
  keepBest(rates, 'queuelink, one to three', await relayed(3))
  keepBest(rates, 'queuelink, one to one, a synchronous map', await relayed(1, relabel))
}
printTable('Through a link in another process, objects a second', rates, 'Python queuelink, link, one to one')
