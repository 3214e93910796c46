import type { CommonOptions } from '../../core/options.js'

export type Durability = 'sync' | 'async'
export type Mode = 'open' | 'create' | 'attach'

export interface DurableQueueOptions<T> extends CommonOptions<T> {
  /** `sync`: a put resolves when it survives a power loss. `async`: when it survives the end of every process. `sync`. */
  durability?: Durability
  /** `open`: made if it is missing. `create`: QueueExistsError if it is there. `attach`: QueueNotFoundError if it is not. `open`. */
  mode?: Mode
  /** Encoded bytes above which an item becomes a file of its own. 65,536. */
  itemSize?: number
  /** How long the `key` of a put is remembered after its items were acknowledged, in ms. 300,000. */
  keyTtl?: number
}
