import { SpillDirectory } from '../../core/spill.js'
import { optionError } from '../../errors/option-error.js'
import { Deferred } from '../../util/deferred.js'
import type { HostEvents } from './host.js'
import { ProcessHost } from './process-host.js'

/** When a child has been taken, the next is started only when the link that took it has had time to start. */
const REFILL_AFTER = 200

interface Spare {
  readonly host: ProcessHost
  readonly ready: Promise<void>
}

const spares: Spare[] = []
let wanted = 0

/**
 * Keeps so many child processes ready for links that are placed in one, as Python's forkserver does: such a link starts
 * ten times sooner. Resolves when they are ready; `warm(0)` lets them go. They do not keep this process alive, and end with it.
 *
 * @example
 * ```ts
 * import { fifoQueue, link, warm } from 'queuelink'
 *
 * await warm(1)
 * const [numbers, copies] = [fifoQueue<number>(), fifoQueue<number>()]
 * await numbers.put(7)
 * const linked = link(numbers, copies, { placement: 'process' })
 * console.log(await copies.get()) // 7
 * await linked.stop()
 * await warm(0)
 * ```
 */
export async function warm(children: number): Promise<void> {
  if (!Number.isInteger(children) || children < 0) throw optionError('children', 'a whole number, 0 or more', children)
  wanted = children
  const surplus = spares.splice(children)
  fill()
  const awaited = [...spares]
  for (const { host } of [...surplus, ...awaited]) host.keepAlive(true)
  if (children > 0) await SpillDirectory.prepare()
  await Promise.all([...surplus.map(({ host }) => host.end()), ...awaited.map(({ ready }) => ready)])
  for (const spare of awaited) if (spares.includes(spare)) spare.host.keepAlive(false)
}

/** A child that is there already, if one is, or else a new one. `runsSteps`: it may be given any. */
export function processHost(events: HostEvents, runsSteps: boolean): ProcessHost {
  for (let spare = spares.shift(); spare; spare = spares.shift()) {
    if (spare.host.isGone) continue
    setTimeout(fill, REFILL_AFTER).unref()
    spare.host.keepAlive(true)
    return spare.host.adopt(events)
  }
  return new ProcessHost(events, runsSteps)
}

function fill(): void {
  while (spares.length < wanted) spares.push(startSpare())
}

function startSpare(): Spare {
  const ready = new Deferred<void>()
  const events: HostEvents = {
    pong: ready.resolve,
    // One that cannot start is nobody's business before a link needs it.
    exited: () => {
      const at = spares.findIndex(spare => spare.host === host)
      if (at >= 0) spares.splice(at, 1)
      ready.resolve()
    },
  }
  const host = new ProcessHost(events, true)
  host.tell({ queuelink: 'prepare' })
  host.keepAlive(false)
  return { host, ready: ready.promise }
}
