import { resolve } from 'node:path'
import process from 'node:process'
import { fromIterable } from '../../io/from-iterable.js'
import { toWritable } from '../../io/to-writable.js'
import type { DestinationEndpoint } from '../../link/endpoint.js'
import { QueueLink } from '../../link/queue-link.js'
import { type DurableQueue, durableQueue } from '../../queues/durable/durable-queue.js'
import type { ExitCode } from '../exit-code.js'
import { type ItemLine, lineOf } from './item-line.js'
import { durablePath, type TransferOptions, transfer } from './transfer.js'

/** Writes every item of a durable queue as a line of JSON, and takes none. */
export async function exportItems(text: string, file: string, o: TransferOptions): Promise<ExitCode> {
  await using queue = await durableQueue<unknown>(durablePath(text), { mode: 'attach' })
  const link = new QueueLink({ name: 'export', placement: 'inline' })
  link.read(fromIterable(linesOf(queue)))
  if (file === '-') link.write(toWritable(process.stdout, { as: 'json' }) as DestinationEndpoint<never>)
  else link.write({ path: resolve(file), as: 'json' })
  // The queue is open until then.
  return await transfer(link, 'written', o)
}

function* linesOf(queue: DurableQueue<unknown>): Generator<ItemLine> {
  for (const item of queue.snapshot()) yield lineOf(item)
}
