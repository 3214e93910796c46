import { fifoQueue } from 'queuelink'
import { countedContract } from './counted-contract.js'

for (const joinable of [false, true]) {
  const capabilities = { sync: true, joinable, order: 'fifo', process: 'own' } as const
  countedContract(`fifoQueue, joinable: ${joinable}`, { make: fifoQueue, capabilities })
}
