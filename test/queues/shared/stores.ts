import type { Entry } from '#src/core/entry'
import { SpillFolder } from '#src/core/spill-folder'
import type { StoreListener, Ticket, Wants } from '#src/core/store'
import { Arena } from '#src/os/arena'
import { Sealing } from '#src/queues/shared/sealing'
import { arenaOptions, viewsOf } from '#src/queues/shared/shared-arena'
import { sharedPath } from '#src/queues/shared/shared-place'
import { SharedStore } from '#src/queues/shared/store'
import { turns } from '../help.js'
import { newName } from './users.js'

export interface Sizes {
  readonly capacity?: number
  readonly bytes?: number
  readonly itemSize?: number
}

export const NOTHING: Wants = { items: false, room: false, rest: false }

export const turn = (): Promise<void> => turns(1)

/** What a store told its owner. */
export class Ear implements StoreListener {
  readonly heard: string[] = []
  storedUpTo: Ticket = 0
  readonly failures = new Map<Ticket, unknown>()

  readable(): void {
    this.heard.push('readable')
  }

  writable(): void {
    this.heard.push('writable')
  }

  stored(ticket: Ticket): void {
    this.storedUpTo = Math.max(this.storedUpTo, ticket)
  }

  failed(ticket: Ticket, error: unknown): void {
    this.failures.set(ticket, (error as { code?: unknown }).code)
  }

  repeated(): void {}
  broken(): void {}
}

/** A handle on a queue in shared memory, without the mailbox that a queue has over it. */
export interface Handle<T> {
  readonly store: SharedStore<T>
  readonly arena: Arena
  readonly ear: Ear
  readonly spill: SpillFolder
}

/** The memory of one queue, and its handles. */
export class Handles<T> {
  readonly path = sharedPath(newName())
  readonly #sizes: Sizes
  readonly #open = new Set<Handle<T>>()

  constructor(sizes: Sizes = {}) {
    this.#sizes = sizes
  }

  open(): Handle<T> {
    const sizes = { capacity: undefined, bytes: undefined, itemSize: undefined, ...this.#sizes }
    const spill = new SpillFolder(`${this.path}.spill`)
    let store: SharedStore<T> | undefined
    const arena = Arena.open(arenaOptions(this.path, 'the queue', 'open', sizes), opened => {
      const { views, itemSize } = viewsOf(opened, 'the queue', sizes)
      store = new SharedStore<T>(opened, views, new Sealing('the queue', itemSize, views.geometry, spill), spill)
      return store
    })
    const handle = { store: store as SharedStore<T>, arena, ear: new Ear(), spill }
    handle.store.listen(handle.ear)
    this.#open.add(handle)
    return handle
  }

  close(handle: Handle<T>): void {
    handle.store.close()
    this.#open.delete(handle)
  }

  /** Nothing is left of it. */
  remove(): void {
    for (const handle of this.#open) {
      handle.store.close()
      handle.arena.unlink()
      handle.spill.remove()
    }
  }
}

/** As the mailbox does: sealed, offered, and held if it has to wait. */
export function offer<T>({ store }: Handle<T>, entries: readonly Entry<T>[]): boolean {
  store.seal(entries)
  const taken = store.offer(entries)
  if (!taken) store.hold(entries)
  return taken
}
