// Contracts
export type { Capabilities, Expect, It, QueueContract } from './contract/kit.js'
export { type MarbleGraph, type MarbleGraphRun, marbleGraph } from './marble-graph.js'
// Marbles
export { type MarbleHelpers, type MarbleOptions, runMarbles } from './marbles.js'
export { MarbleDeliveries } from './marbles-deliveries.js'
export { queueContract } from './queue-contract.js'
