import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { durableQueue, sharedQueue } from 'queuelink'
import { contractOf, directory, type Make, unix } from './hosting.js'

const shared: Make = o => sharedQueue(`hosted-${randomUUID()}`, { ...o, bytes: 1 << 20 })
const durable: Make = o => durableQueue(join(directory, randomUUID()), o)

contractOf({ name: 'shared over a Unix socket', make: shared, order: 'fifo', address: unix })
contractOf({
  name: 'durable over a Unix socket',
  make: durable,
  order: 'fifo',
  address: unix,
  priorities: true,
  keys: true,
})
