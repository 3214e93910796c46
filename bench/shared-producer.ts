// The other process of the contests in shared.ts: `node shared-producer.js CONTEST COUNT ADDRESS`.
import { pack } from 'msgpackr'
import { fifoQueue, type SyncQueue, sharedQueue } from 'queuelink'
import { type Event, event, events } from './event.js'
import { peer } from './peer.js'

const BATCH = 256
const [contest = '', counted = '', address = ''] = process.argv.slice(2)
const count = Number(counted)

interface Push {
  connect(address: string): void
  send(message: Uint8Array): Promise<void>
}

async function send(): Promise<void> {
  for (let n = 0; n < count; n += BATCH) {
    const sent = events(n, BATCH).map(item => new Promise(resolve => process.send?.(item, resolve)))
    await sent.at(-1)
  }
}

async function zeromq(): Promise<() => Promise<void>> {
  const library = peer<{ Push: new (o: object) => Push }>('zeromq')
  if (!library) throw new Error('zeromq is not installed')
  const push = new library.Push({ sendHighWaterMark: 1024 })
  push.connect(address)
  return async () => {
    for (let n = 0; n < count; n++) await push.send(pack(event(n)))
  }
}

async function batches(queue: SyncQueue<Event>): Promise<void> {
  for (let n = 0; n < count; n += BATCH) await queue.putBatch(events(n, BATCH))
}

async function singles(queue: SyncQueue<Event>): Promise<void> {
  for (let n = 0; n < count; n++) await queue.put(event(n))
}

/** With receipts: the queue in memory never has more than 256 items out that the shared one has not stored. */
async function observer(queue: SyncQueue<Event>): Promise<void> {
  const source = fifoQueue<Event>({ capacity: 1024 })
  const sink = queue.sink()
  source.subscribe(sink)
  for (let n = 0; n < count; n += BATCH) await source.putBatch(events(n, BATCH))
  await source.shutdown()
  await sink.done
}

const ours: Record<string, (queue: SyncQueue<Event>) => Promise<void>> = { batches, singles, observer }
const produce = ours[contest]
const queue = produce && (await sharedQueue<Event>(address, { mode: 'attach' }))
const run = produce && queue ? () => produce(queue) : contest === 'zeromq' ? await zeromq() : send

process.on('message', async word => {
  if (word === 'go') return run()
  await queue?.close()
  process.exit()
})
process.send?.('ready')
