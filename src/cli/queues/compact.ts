import { DurableQueue } from '../../queues/durable/durable-queue.js'
import { openQueue } from '../../queues/open-queue.js'
import { ExitCode } from '../exit-code.js'
import { UsageError } from '../usage-error.js'
import { someQueue } from './queue-address.js'

/** Gives back to the disk what is free in a durable queue's file. */
export async function compact(text: string): Promise<ExitCode> {
  const descriptor = someQueue(text)
  if (descriptor.kind !== 'durable')
    throw new UsageError(`only durable queues have a file to compact; ${text} has none`)
  await using queue = await openQueue(descriptor)
  if (queue instanceof DurableQueue) await queue.compact()
  return ExitCode.done
}
