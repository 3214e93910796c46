import type { Queue } from '../../core/queue.js'
import { openQueue } from '../../queues/open-queue.js'
import type { QueueEndpoint } from '../protocol.js'

/** Handles of queues that a child has opened for its link, by the endpoint's number. */
export class ChildQueues {
  readonly #open = new Map<number, readonly Queue<unknown>[]>()

  async open(id: number, { descriptor, maxAttempts, deadLetter }: QueueEndpoint): Promise<Queue<unknown>> {
    const letters = deadLetter && (await openQueue<unknown>(deadLetter))
    const queue = await openQueue<unknown>(descriptor, {
      ...(maxAttempts !== undefined && { maxAttempts }),
      ...(letters && { deadLetter: letters }),
    })
    this.#open.set(id, letters ? [queue, letters] : [queue])
    return queue
  }

  /** Resolves when what was settled is settled for good. */
  async close(id: number): Promise<void> {
    const queues = this.#open.get(id) ?? []
    this.#open.delete(id)
    for (const queue of queues) await queue.close()
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map(id => this.close(id)))
  }
}
