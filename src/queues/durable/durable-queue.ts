import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mailbox } from '../../core/mailbox.js'
import { checkCount } from '../../core/options.js'
import type { Origin, QueueDescriptor } from '../../core/origin.js'
import { ITEM_SIZE } from '../../core/spill.js'
import { SyncQueue } from '../../core/sync-queue.js'
import { optionError } from '../../errors/option-error.js'
import type { QueueLinkError } from '../../errors/queue-link-error.js'
import { openDatabase } from './databases.js'
import type { Durability, DurableQueueOptions } from './durable-options.js'
import { DurableOrigin } from './durable-origin.js'
import { Payloads } from './payloads.js'
import { DurableStore } from './store.js'
import type { StoredItem } from './stored-item.js'

/** How long a key is remembered after its item was acknowledged, in ms. */
const KEY_TTL = 5 * 60 * 1000

/** How often a queue is tried to be opened whose lock is held, 20 ms apart. */
const ATTEMPTS = 250

/** What a queue on disk can do beside what all can. */
interface Upkeep<T> {
  remove(): void
  snapshot(): Iterable<StoredItem<T>>
  compact(): Promise<void>
}

/** A queue on disk. */
export class DurableQueue<in out T> extends SyncQueue<T> {
  readonly #store: Upkeep<T>

  /** @internal Queues come from their factories. */
  constructor(mailbox: Mailbox<T>, joinable: boolean, origin: Origin, store: Upkeep<T>) {
    super(mailbox, joinable, origin)
    this.#store = store
  }

  /** Removes the queue and what is in it; others who have it open find it shut down. */
  override unlink(): Promise<void> {
    this.#store.remove()
    return super.unlink()
  }

  /**
   * Every item that is in the queue, with what it was put with, and takes none: those that are ready or leased in order, then those that
   * wait for their time. An item is read when it is asked for; one that is given back with a delay meanwhile may come twice.
   * What cannot be read is passed over.
   */
  *snapshot(): Generator<StoredItem<T>> {
    if (this.mailbox.ended) throw this.mailbox.ended
    for (const item of this.#store.snapshot()) {
      yield item
      if (this.mailbox.ended) throw this.mailbox.ended
    }
  }

  /**
   * Gives back to the disk what is free in the data file. Others may have the queue open; what they put waits meanwhile. Happens by
   * itself when the file has 16 MiB or more and less than a quarter of it is used. Rejects with `ERR_BUSY` if somebody else is at it.
   */
  async compact(): Promise<void> {
    if (this.mailbox.ended) throw this.mailbox.ended
    await this.#store.compact()
  }
}

/**
 * A queue in a directory, for all processes of this machine that open it: what is put survives them, and, unless
 * `durability` says otherwise, a power loss.
 *
 * Items that were given to a process that dies come again. An item that was acknowledged just before a power loss may come
 * again, and its `attempt` may then be lower than it was. `capacity` is remembered, and belongs to whoever named it last.
 * Puts with a `key` that is in the queue, or was acknowledged within `keyTtl`, store nothing: `metrics().repeated` counts them.
 *
 * Rejects with `ERR_FOREIGN` for a directory of something else, `ERR_DAMAGED` for a damaged one, `ERR_NOT_WRITABLE`,
 * `ERR_NETWORK_FILE_SYSTEM`, and `ERR_NO_SPACE`, with which a put fails on a full disk, too.
 *
 * @example
 * ```ts
 * import { durableQueue } from 'queuelink'
 *
 * const orders = await durableQueue<number>('./orders')
 * await orders.put(7)
 * await orders.close()
 *
 * const again = await durableQueue<number>('./orders')
 * console.log(await again.get()) // 7
 * await again.unlink()
 * ```
 */
export async function durableQueue<T>(path: string | URL, o: DurableQueueOptions<T> = {}): Promise<DurableQueue<T>> {
  const directory = pathOf(path)
  const { mode = 'open', durability = 'sync', keyTtl = KEY_TTL } = o
  if (mode !== 'open' && mode !== 'create' && mode !== 'attach') {
    throw optionError('mode', "'open', 'create' or 'attach'", mode)
  }
  if (durability !== 'sync' && durability !== 'async') throw optionError('durability', "'sync' or 'async'", durability)
  if (!Number.isFinite(keyTtl) || keyTtl < 0) throw optionError('keyTtl', 'a number of milliseconds, 0 or more', keyTtl)
  if (o.capacity !== undefined) checkCount('capacity', o.capacity, 1)
  const itemSize = checkCount('itemSize', o.itemSize, ITEM_SIZE)
  const maxAttempts = checkCount('maxAttempts', o.maxAttempts, 16)
  const name = o.name ?? directory
  const { database, release } = await openDatabase(directory, mode, durability)
  const payloads = new Payloads(directory)
  const what = `the queue in ${directory}`
  const at = { what, leases: join(directory, 'leases'), database, payloads, itemSize, keyTtl, release }
  const store = await unlessLocked(() => new DurableStore<T>(at)).catch(async error => {
    await release()
    throw error
  })
  try {
    await store.begin(o.capacity)
    payloads.sweep(file => {
      // As of now: its writer may have died after it was stored.
      database.refresh()
      return database.payloads.doesExist(Buffer.from(file))
    })
  } catch (error) {
    await store.close()
    throw error
  }
  const mailbox = new Mailbox(store, { ...o, name, maxAttempts })
  const joinable = o.joinable ?? false
  return new DurableQueue(mailbox, joinable, new DurableOrigin(directory, store, joinable, durability), store)
}

/** The place of somebody who died can be taken only when nobody is in the section. */
async function unlessLocked<R>(open: () => R): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return open()
    } catch (error) {
      if ((error as QueueLinkError).code !== 'ERR_QUEUE_LOCKED' || attempt === ATTEMPTS) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}

/** Opens the queue that a descriptor names, as its first opener did; QueueNotFoundError if it is gone. */
export function openDurableQueue<T>(
  { path, joinable = false, durability = 'sync' }: QueueDescriptor,
  o: DurableQueueOptions<T>,
): Promise<DurableQueue<T>> {
  return durableQueue<T>(path as string, {
    ...o,
    mode: 'attach',
    joinable: joinable as boolean,
    durability: durability as Durability,
  })
}

function pathOf(path: unknown): string {
  if (path instanceof URL) return fileURLToPath(path)
  if (typeof path !== 'string' || path === '') throw optionError('path', 'the path of a directory', path)
  return resolve(path)
}
