import { rm } from 'node:fs/promises'
import type { Origin, QueueDescriptor } from '../../core/origin.js'
import type { QueueStat } from '../../core/queue-stat.js'
import type { Durability } from './durable-options.js'
import type { DurableStore } from './store.js'

/** Where a durable queue lies, and what can be told of it. */
export class DurableOrigin<T> implements Origin {
  readonly #directory: string
  readonly #store: DurableStore<T>
  readonly #descriptor: QueueDescriptor

  constructor(directory: string, store: DurableStore<T>, joinable: boolean, durability: Durability) {
    this.#directory = directory
    this.#store = store
    this.#descriptor = {
      kind: 'durable',
      path: directory,
      ...(joinable && { joinable }),
      ...(durability === 'async' && { durability }),
    }
  }

  descriptor(): QueueDescriptor {
    return this.#descriptor
  }

  /** The handle is closed by then. */
  async unlink(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }

  async stat(): Promise<Partial<QueueStat>> {
    return this.#store.stat()
  }
}
