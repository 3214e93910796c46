import { randomUUID } from 'node:crypto'
import { type SharedQueueOptions, sharedQueue } from 'queuelink'
import { countedContract } from './counted-contract.js'

for (const joinable of [false, true]) {
  const capabilities = { sync: true, joinable, order: 'fifo', process: 'any' } as const
  const make = <T>(o: SharedQueueOptions<T>) => sharedQueue<T>(`contract-${randomUUID()}`, { bytes: 1 << 20, ...o })
  countedContract(`sharedQueue, joinable: ${joinable}`, { make, capabilities })
}
