import type { QueueStat } from './queue-stat.js'

/** Names a queue for another process; plain data. */
export interface QueueDescriptor {
  readonly kind: string
  readonly [key: string]: unknown
}

/** Where a queue lies that other processes can open as well. */
export interface Origin {
  descriptor(): QueueDescriptor
  /** Removes what others could open. */
  unlink(): Promise<void>
  /** What its kind alone can tell, or tells better. */
  stat?(): Promise<Partial<QueueStat>>
}
