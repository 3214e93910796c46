import process from 'node:process'
import type { QueueStat } from '../../core/queue-stat.js'
import { openQueue } from '../../queues/open-queue.js'
import { listSharedQueues } from '../../queues/shared/list-shared-queues.js'
import { amount, bytes } from '../amounts.js'
import { columns } from '../columns.js'
import { describeError } from '../describe-error.js'
import { ExitCode } from '../exit-code.js'

/** What can be told of a queue that was found. */
type Found = { readonly queue: string } & ({ readonly stat: QueueStat } | { readonly error: string })

/** Lists the shared queues of this user. One that cannot be opened is listed, with the reason. */
export async function list(o: { json?: boolean }): Promise<ExitCode> {
  const found = await Promise.all(listSharedQueues().map(look))
  if (o.json) for (const { queue, ...rest } of found) process.stdout.write(`${JSON.stringify({ queue, ...rest })}\n`)
  else if (found.length === 0) process.stdout.write('There are no shared queues.\n')
  else process.stdout.write(`${table(found).join('\n')}\n`)
  return ExitCode.done
}

async function look({ name, runId }: { name: string; runId?: string }): Promise<Found> {
  const queue = runId === undefined ? `shm:${name}` : `shm:${name}@${runId}`
  try {
    await using open = await openQueue({ kind: 'shared', name, ...(runId !== undefined && { runId }) })
    return { queue, stat: await open.stat() }
  } catch (error) {
    return { queue, error: describeError(error) }
  }
}

function table(found: readonly Found[]): string[] {
  const rows = found.map(one => {
    if ('error' in one) return [one.queue, '', '', '', '', `cannot be opened: ${one.error}`]
    const { size, capacity, leased, bytes: used = 0, participants = 1, shutDown } = one.stat
    // One of them is this command.
    const users = participants - 1
    const state = users === 0 ? 'abandoned' : shutDown ? 'shut down' : 'in use'
    return [one.queue, amount(size), amount(capacity), amount(leased), bytes(used), amount(users), state]
  })
  return columns([['QUEUE', 'SIZE', 'CAPACITY', 'OUT', 'BYTES', 'USERS', 'STATE'], ...rows])
}
