// Contracts
export type { Capabilities, Expect, It, QueueContract } from './contract/kit.js'
// Marbles
export { type MarbleHelpers, type MarbleOptions, runMarbles } from './marbles.js'
export { MarbleDeliveries } from './marbles-deliveries.js'
export { queueContract } from './queue-contract.js'
