import type { Lease } from '../core/entry.js'
import { FifoShelf } from '../core/fifo-shelf.js'
import { MemoryStore } from '../core/memory-store.js'
import type { Wants } from '../core/store.js'

/** What came from the other end of a connection and is not settled. The place of an item in line is its number there. */
export class ReceivedStore<T> extends MemoryStore<T> {
  readonly #onSettled: (number: number) => void
  readonly #onWants: (wants: Wants) => void

  constructor(onSettled: (number: number) => void, onWants: (wants: Wants) => void) {
    super('connection', new FifoShelf<T>(), Number.POSITIVE_INFINITY)
    this.#onSettled = onSettled
    this.#onWants = onWants
  }

  attend(wants: Wants): void {
    this.#onWants(wants)
  }

  override ack(lease: Lease<T>): boolean {
    if (!super.ack(lease)) return false
    this.#onSettled(lease.seq)
    return true
  }
}
