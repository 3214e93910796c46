import { lifoQueue } from 'queuelink'
import { countedContract } from './counted-contract.js'

for (const joinable of [false, true]) {
  const capabilities = { sync: true, joinable, order: 'lifo', process: 'own' } as const
  countedContract(`lifoQueue, joinable: ${joinable}`, { make: lifoQueue, capabilities })
}
