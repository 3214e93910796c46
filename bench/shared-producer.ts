// The other process of the contests in shared.ts: `node shared-producer.js CONTEST COUNT ADDRESS`.
import { once } from 'node:events'
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
  close(): void
}

async function send(): Promise<void> {
  for (let n = 0; n < count; n += BATCH) {
    const sent = events(n, BATCH).map(item => new Promise(resolve => process.send?.(item, resolve)))
    await sent.at(-1)
  }
}

async function zeromq(): Promise<void> {
  const library = peer<{ Push: new (o: object) => Push }>('zeromq')
  if (!library) throw new Error('zeromq is not installed')
  const push = new library.Push({ sendHighWaterMark: 1024 })
  push.connect(address)
  for (let n = 0; n < count; n++) await push.send(pack(event(n)))
  // What is under way would be lost with this process.
  await once(process, 'message')
  push.close()
}

async function batches(queue: SyncQueue<Event>): Promise<void> {
  for (let n = 0; n < count; n += BATCH) await queue.putBatch(events(n, BATCH))
}

async function singles(queue: SyncQueue<Event>): Promise<void> {
  for (let n = 0; n < count; n++) await queue.put(event(n))
}

/** With receipts: the queue in memory never has more than 256 items out that the shared one has not stored. */
async function observer(queue: SyncQueue<Event>): Promise<void> {
  const source = fifoQueue<Event>()
  await source.putBatch(events(0, count))
  await source.shutdown()
  const sink = queue.sink()
  source.subscribe(sink)
  await sink.done
}

const ours: Record<string, (queue: SyncQueue<Event>) => Promise<void>> = { batches, singles, observer }
const produce = ours[contest]
const queue = produce && (await sharedQueue<Event>(address, { mode: 'attach' }))

process.send?.('ready')
await once(process, 'message')
if (produce && queue) {
  await produce(queue)
  await queue.close()
} else await (contest === 'zeromq' ? zeromq() : send())
process.disconnect?.()
