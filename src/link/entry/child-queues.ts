import type { QueueDescriptor } from '../../core/origin.js'
import type { Queue } from '../../core/queue.js'
import { openQueue } from '../../queues/open-queue.js'

/** Handles of queues that a child has opened for its link, by the endpoint's number. */
export class ChildQueues {
  readonly #open = new Map<number, Queue<unknown>>()

  async open(id: number, descriptor: QueueDescriptor): Promise<Queue<unknown>> {
    const queue = await openQueue<unknown>(descriptor)
    this.#open.set(id, queue)
    return queue
  }

  /** Resolves when what was settled is settled for good. */
  async close(id: number): Promise<void> {
    const queue = this.#open.get(id)
    this.#open.delete(id)
    await queue?.close()
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map(id => this.close(id)))
  }
}
