import { fifoQueue, lifoQueue, priorityQueue, simpleQueue } from 'queuelink'
import { expect, it } from 'vitest'
import { contractOf, hosting, type Make, tcp, unix } from './hosting.js'

// Numbers by size; what the contract puts besides numbers is of equal priority.
const compare = (a: unknown, b: unknown) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0)
const priority: Make = o => priorityQueue({ ...o, compare })

contractOf({ name: 'fifo over a Unix socket', make: fifoQueue, order: 'fifo', address: unix })
contractOf({ name: 'fifo over TCP', make: fifoQueue, order: 'fifo', address: tcp })
contractOf({ name: 'lifo over a Unix socket', make: lifoQueue, order: 'lifo', address: unix })
contractOf({ name: 'priority over a Unix socket', make: priority, order: 'priority', address: unix })

it('hosts a simpleQueue, which has no bounds [Q11.1]', async () => {
  const queue = await hosting(simpleQueue, unix)<number>({})
  await queue.putBatch(Array.from({ length: 10_000 }, (_, i) => i))
  expect([queue.capacity, (await queue.stat()).size, await queue.get()]).toEqual([Number.POSITIVE_INFINITY, 10_000, 0])
  await queue.close()
})
