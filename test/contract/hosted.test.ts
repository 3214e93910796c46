import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CommonOptions,
  connectQueue,
  fifoQueue,
  type HostedQueue,
  hostQueue,
  lifoQueue,
  priorityQueue,
  type Queue,
  simpleQueue,
} from 'queuelink'
import { queueContract } from 'queuelink/testing'
import { afterAll, describe, expect, it } from 'vitest'

type Make = <T>(o: CommonOptions<T>) => Queue<T>

const directory = mkdtempSync(join(tmpdir(), 'queuelink-hosted-'))
const hosts: HostedQueue<never>[] = []
let made = 0

afterAll(async () => {
  await Promise.all(hosts.map(host => host.unlink()))
  rmSync(directory, { recursive: true })
})

/** A queue that is hosted and connected to in one; what the client's handle decides is said to the client. */
function hosting(make: Make, address: () => string) {
  return async <T>({ capacity, joinable, ...own }: CommonOptions<T>): Promise<Queue<T>> => {
    const shared = { ...(capacity === undefined ? {} : { capacity }), ...(joinable ? { joinable } : {}) }
    const host = await hostQueue(make<T>(shared), address())
    hosts.push(host as unknown as HostedQueue<never>)
    return connectQueue<T>(host.address, { ...own, token: host.token })
  }
}

const unix = () => join(directory, `${++made}.sock`)
const tcp = () => 'tcp:0'

// Numbers by size; what the contract puts besides numbers is of equal priority.
const compare = (a: unknown, b: unknown) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0)
const priority: Make = o => priorityQueue({ ...o, compare })

const kinds = [
  { name: 'fifo over a Unix socket', make: fifoQueue, order: 'fifo', joinable: [false, true], address: unix },
  { name: 'fifo over TCP', make: fifoQueue, order: 'fifo', joinable: [false, true], address: tcp },
  { name: 'lifo over a Unix socket', make: lifoQueue, order: 'lifo', joinable: [false, true], address: unix },
  { name: 'priority over a Unix socket', make: priority, order: 'priority', joinable: [false, true], address: unix },
] as const

for (const { name, make, order, joinable, address } of kinds) {
  for (const joins of joinable) {
    describe(`hosted: ${name}, joinable: ${joins}`, () => {
      const capabilities = { sync: false, joinable: joins, order, process: 'any' } as const
      queueContract({ make: hosting(make, address), capabilities, describe, it, expect })
    })
  }
}

it('hosts a simpleQueue, which has no bounds [Q11.1]', async () => {
  const queue = await hosting(simpleQueue, unix)<number>({})
  await queue.putBatch(Array.from({ length: 10_000 }, (_, i) => i))
  expect([queue.capacity, (await queue.stat()).size, await queue.get()]).toEqual([Number.POSITIVE_INFINITY, 10_000, 0])
  await queue.close()
})
