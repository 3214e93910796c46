import { type CommonOptions, priorityQueue } from 'queuelink'
import { countedContract } from './counted-contract.js'

// Numbers by size; what the contract puts besides numbers is of equal priority.
const compare = (a: unknown, b: unknown) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0)

for (const joinable of [false, true]) {
  const capabilities = { sync: true, joinable, order: 'priority', process: 'own' } as const
  const make = <T>(o: CommonOptions<T>) => priorityQueue<T>({ ...o, compare })
  countedContract(`priorityQueue, joinable: ${joinable}`, { make, capabilities })
}
