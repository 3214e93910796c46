export { type BatchOptions, batch } from './batch.js'
export { type EachOptions, each } from './each.js'
export { perItem } from './per-item.js'
export { settle } from './settle.js'
