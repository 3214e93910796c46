// @ts-nocheck: plain JavaScript that runs in processes of its own
// A producer or a consumer of the torture, killed at any time: `node shared-child.js ROLE NAME ID SEED LOG`. What it
// wrote to its log before it died is what it had been told; every line ends with a time of the system's monotonic clock.
import { openSync, writeSync } from 'node:fs'
import process from 'node:process'
import { sharedQueue } from 'queuelink'
import { random } from './random.js'

const [role, name, id, seed, path] = process.argv.slice(2)
const log = openSync(path, 'a')
const next = random(Number(seed))
const say = line => writeSync(log, `${line} ${process.hrtime.bigint()}\n`)
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
let stopping = false
process.on('message', () => {
  stopping = true
})

const queue = await sharedQueue(name, { mode: 'attach' })
process.send('ready')
if (role === 'producer') {
  let n = 0
  while (!stopping) {
    const items = Array.from({ length: 1 + next(6) }, () => {
      const size = next(10) === 0 ? next(8000) : next(100)
      return { id: `${id}.${n++}`, size, fill: Buffer.alloc(size, n) }
    })
    const ids = items.map(item => item.id).join(',')
    say(`intend ${ids}`)
    const [first] = items
    if (items.length > 3) await queue.putBatch(items)
    else if (next(20) === 0) await queue.putBatch(items, { delay: next(5) })
    else await Promise.all(items.map(item => queue.put(item)))
    say(`put ${ids}`)
    if (first.size % 7 === 0) await pause(next(3))
  }
} else {
  const whole = ({ size, fill }) => fill.length === size && fill.every(byte => byte === fill[0])
  const window = 1 + next(16)
  await new Promise((resolve, reject) => {
    queue.deliveries({ prefetch: window }).subscribe({
      async next(delivery) {
        const { value, attempt } = delivery
        say(`${whole(value) ? 'got' : 'torn'} ${value.id} ${attempt}`)
        if (next(4) === 0) await pause(next(4))
        const back = next(12) === 0
        say(`${back ? 'back' : 'ack'} ${value.id}`)
        const done = back ? delivery.nack() : delivery.ack()
        done.catch(() => say(`refused ${value.id}`))
      },
      error: reject,
      complete: resolve,
    })
  })
}
await queue.close()
process.disconnect()
