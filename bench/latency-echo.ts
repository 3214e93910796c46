// The other end of latency.ts: sends back what it gets, over the channel and over two shared queues.
import { sharedQueue } from 'queuelink'

const [there = '', back = ''] = process.argv.slice(2)
const [from, to] = await Promise.all([there, back].map(name => sharedQueue<number>(name, { mode: 'attach' })))
if (!from || !to) throw new Error('no queues')
process.on('message', message => process.send?.(message))
process.send?.('ready')
from.subscribe({
  next: n => void to.put(n),
  complete: async () => {
    await Promise.all([from.close(), to.close()])
    process.disconnect()
  },
})
