import process from 'node:process'
import { openQueue } from '../../queues/open-queue.js'
import { Mover } from '../mover.js'
import { openDestination } from '../open-destination.js'
import { openSource } from '../open-source.js'
import { slowPolicy } from '../when-slow.js'

const OPTIONS = {
  handler: undefined,
  through: undefined,
  concurrency: 1,
  onError: 'retry',
  prefetch: undefined,
  atMostOnce: false,
} as const

/** Moves one item from a queue to another, so that what a link takes is loaded and compiled when the first one comes. */
export async function rehearse(): Promise<void> {
  const { sharedQueue } = await import('../../queues/shared/shared-queue.js')
  const o = { runId: `rehearsal-${process.pid}`, mode: 'create', capacity: 2, bytes: 64 * 1024 } as const
  const made = [await sharedQueue('from', o), await sharedQueue('to', o)] as const
  try {
    // As a link opens them.
    const [from, to] = [await openQueue(made[0].descriptor()), await openQueue(made[1].descriptor())]
    const mover = new Mover(OPTIONS)
    mover.addDestination(1, openDestination(to, false), slowPolicy())
    mover.addSource(2, () => openSource(from))
    mover.begin()
    await made[0].put(0)
    await made[1].get({ timeout: 1000 })
    await mover.stop(true, 1000)
    await Promise.all([from.close(), to.close()])
  } finally {
    await Promise.all(made.map(queue => queue.unlink()))
  }
}
