// Marbles
export { type MarbleHelpers, type MarbleOptions, runMarbles } from './marbles.js'
export { MarbleDeliveries } from './marbles-deliveries.js'
