import { Feed } from '../core/feed.js'
import type { Lane } from '../core/lane.js'

/**
 * A feed that takes nothing ahead of its readers, for items whose size is not known: they pull what they want now, and
 * what they gave back counts as theirs.
 */
export class DemandFeed<T> extends Feed<T> {
  /** False: as any other feed. */
  onDemand: boolean

  constructor(name: string, onDemand = true) {
    super(name)
    this.onDemand = onDemand
  }

  override get isFull(): boolean {
    if (!this.onDemand) return super.isFull
    const { store, takers } = this.mailbox
    return takers.length === 0 || store.ready > 0 || store.leased + store.delayed >= this.#window()
  }

  override whenRoom(callback: () => void): () => void {
    return this.onDemand ? this.mailbox.when(() => !this.isFull, callback) : super.whenRoom(callback)
  }

  /** What all readers together may have out. */
  #window(): number {
    let items = 0
    for (const reader of this.mailbox.audience) items += (reader as Partial<Lane<T>>).prefetch ?? 1
    return items
  }
}
