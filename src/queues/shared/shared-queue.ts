import { Mailbox } from '../../core/mailbox.js'
import { checkCount } from '../../core/options.js'
import type { QueueDescriptor } from '../../core/origin.js'
import { SpillFolder } from '../../core/spill-folder.js'
import { SyncQueue } from '../../core/sync-queue.js'
import { Arena } from '../../os/arena.js'
import { check } from './check.js'
import { Sealing } from './sealing.js'
import { arenaOptions, viewsOf } from './shared-arena.js'
import { checkMode, type SharedQueueOptions, sizesOf } from './shared-options.js'
import { SharedOrigin } from './shared-origin.js'
import { sharedPath } from './shared-place.js'
import { SharedStore } from './store.js'

/**
 * A queue in shared memory, which any process of this user on this machine opens by its name: Python's
 * `multiprocessing.Queue`, but a process may be killed at any time, and nothing is lost. What a consumer that died
 * had not settled is delivered again, within a second.
 *
 * The queue stays until `unlink()`, or until the system stops; `close()` lets go of this handle only. Rejects with
 * QueueExistsError or QueueNotFoundError, as `mode` says, and with ERR_QUEUE_DIFFERS where it is there with other sizes.
 *
 * @example
 * ```ts
 * import { sharedQueue } from 'queuelink'
 *
 * const orders = await sharedQueue<{ id: number }>('orders-of-the-example', { capacity: 100 })
 * await orders.put({ id: 7 })
 * // … in any other process:
 * const same = await sharedQueue<{ id: number }>('orders-of-the-example')
 * const delivery = await same.receive()
 * console.log(delivery.value.id, delivery.attempt) // 7 1
 * await delivery.ack()
 * await same.close()
 * await orders.unlink()
 * ```
 */
export async function sharedQueue<T>(name: string, o: SharedQueueOptions<T> = {}): Promise<SyncQueue<T>> {
  const maxAttempts = checkCount('maxAttempts', o.maxAttempts, 16)
  const sizes = sizesOf(o as SharedQueueOptions<never>)
  const mode = checkMode(o.mode)
  const path = sharedPath(name, o.runId)
  const what = `the shared queue ${JSON.stringify(name)}`
  const spill = new SpillFolder(`${path}.spill`)
  let store: SharedStore<T> | undefined
  const arena = Arena.open(arenaOptions(path, what, mode, sizes), opened => {
    const { views, itemSize } = viewsOf(opened, what, sizes)
    store = new SharedStore<T>(opened, views, new Sealing(what, itemSize, views.geometry, spill), spill)
    return store
  })
  const opened = store as SharedStore<T>
  try {
    await opened.section.eventually(() => {
      check(opened.ledger)
      // What can be worked out again need not be looked at.
      opened.ledger.repair()
    })
  } catch (error) {
    arena.close()
    throw error
  }
  const descriptor: QueueDescriptor = { kind: 'shared', name, ...(o.runId !== undefined && { runId: o.runId }) }
  const mailbox = new Mailbox(opened, { ...o, name: o.name ?? name, maxAttempts })
  return new SyncQueue(mailbox, o.joinable ?? false, new SharedOrigin(descriptor, arena, opened, spill))
}

/** Opens what `descriptor()` of a shared queue names. */
export function openSharedQueue<T>({ name, runId }: QueueDescriptor, o: SharedQueueOptions<T>): Promise<SyncQueue<T>> {
  return sharedQueue<T>(name as string, {
    ...o,
    mode: 'attach',
    ...(runId !== undefined && { runId: runId as string }),
  })
}
