import type { Origin, QueueDescriptor } from '../../core/origin.js'
import type { QueueStat } from '../../core/queue-stat.js'
import type { SpillFolder } from '../../core/spill-folder.js'
import { type Arena, ITEMS, ROOM } from '../../os/arena.js'
import type { SharedStore } from './store.js'

/** Where a shared queue lies, and what can be told of it. */
export class SharedOrigin<T> implements Origin {
  readonly #descriptor: QueueDescriptor
  readonly #arena: Arena
  readonly #store: SharedStore<T>
  readonly #spill: SpillFolder

  constructor(descriptor: QueueDescriptor, arena: Arena, store: SharedStore<T>, spill: SpillFolder) {
    this.#descriptor = descriptor
    this.#arena = arena
    this.#store = store
    this.#spill = spill
  }

  descriptor(): QueueDescriptor {
    return this.#descriptor
  }

  async unlink(): Promise<void> {
    if (this.#arena.unlink()) this.#spill.remove()
  }

  stat(): Promise<Partial<QueueStat>> {
    const { ledger, section } = this.#store
    return section.eventually(() => {
      ledger.space.sweep(Number.POSITIVE_INFINITY)
      const { geometry, putCount, settled } = ledger.views
      const oldest = ledger.oldest()
      const live = this.#arena.participants().filter(({ alive }) => alive)
      return {
        bytes: ledger.space.used,
        byteCapacity: ledger.space.capacity,
        utilisation: Math.max(ledger.held / geometry.capacity, ledger.space.used / ledger.space.capacity),
        ...(ledger.held > 0 && { itemBytes: Math.round(ledger.space.used / ledger.held) }),
        ...(oldest !== undefined && { oldestAge: Math.max(0, Date.now() - oldest) }),
        puts: putCount,
        settled,
        participants: live.length,
        waitingToTake: this.#arena.waiters(ITEMS),
        waitingToPut: this.#arena.waiters(ROOM),
      }
    })
  }
}
