// The other process of the contests in hosted.ts: `node hosted-client.js CONTEST COUNT ADDRESS TOKEN`.
import { once } from 'node:events'
import { connectQueue, type Queue } from 'queuelink'
import { type Event, event, events } from './event.js'

const BATCH = 256
const IN_FLIGHT = 16
const [contest = '', counted = '', address = '', token = ''] = process.argv.slice(2)
const count = Number(counted)

async function put(queue: Queue<Event>): Promise<void> {
  const waiting: Promise<void>[] = []
  for (let n = 0; n < count; n += BATCH) {
    waiting.push(queue.putBatch(events(n, BATCH)))
    if (waiting.length >= IN_FLIGHT) await waiting.shift()
  }
  await Promise.all(waiting)
}

async function singles(queue: Queue<Event>): Promise<void> {
  for (let n = 0; n < count; n++) await queue.put(event(n))
}

function take(queue: Queue<Event>): Promise<void> {
  let received = 0
  return new Promise(resolve => {
    const subscription = queue.observe({ prefetch: 4 * BATCH }).subscribe(() => {
      if (++received < count) return
      subscription.unsubscribe()
      resolve()
    })
  })
}

const queue = await connectQueue<Event>(address, { token })
process.send?.('ready')
for (;;) {
  const [word] = await once(process, 'message')
  if (word !== 'go') break
  await (contest === 'put' ? put(queue) : contest === 'singles' ? singles(queue) : take(queue))
  process.send?.('moved')
}
await queue.close()
process.disconnect?.()
