import process from 'node:process'
import type { Delivery } from '../../core/delivery.js'
import type { Queue } from '../../core/queue.js'
import { SyncQueue } from '../../core/sync-queue.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { QueueEmptyError } from '../../errors/queue-empty-error.js'
import { encodeJson, encodeLine } from '../../io/encode-text.js'
import { openQueue } from '../../queues/open-queue.js'
import { ExitCode } from '../exit-code.js'
import { UsageError } from '../usage-error.js'
import { someQueue } from './queue-address.js'

export interface PrintOptions {
  as: 'json' | 'lines'
}

/** Items that are out, and not written yet. */
const AT_ONCE = 256

/** Writes a queue's items to stdout until none is left. An item leaves the queue when it is written. */
export async function drain(text: string, o: PrintOptions & { max?: number }): Promise<ExitCode> {
  await using queue = await openQueue(someQueue(text))
  for (let left = o.max ?? Number.POSITIVE_INFINITY; left > 0; ) {
    const batch = await taken(queue, Math.min(left, AT_ONCE))
    if (batch.length === 0) break
    await written(batch.map(({ value }) => line(value, o)).join(''))
    await Promise.all(batch.map(delivery => delivery.ack()))
    left -= batch.length
  }
  return ExitCode.done
}

/** Writes the item that would be taken next, which stays where it is. */
export async function peek(text: string, o: PrintOptions): Promise<ExitCode> {
  await using queue = await openQueue(someQueue(text))
  if (!(queue instanceof SyncQueue)) throw new UsageError(`only its host can look into ${text} without taking`)
  if (queue.isEmpty) throw new QueueEmptyError(`${text} has no item to give`)
  await written(line(queue.peek(), o))
  return ExitCode.done
}

async function taken(queue: Queue<unknown>, max: number): Promise<Delivery<unknown>[]> {
  const batch: Delivery<unknown>[] = []
  try {
    while (batch.length < max) batch.push(await queue.receive({ timeout: 0 }))
  } catch (error) {
    if (!(error instanceof QueueEmptyError || error instanceof QueueClosedError)) throw error
  }
  return batch
}

function line(value: unknown, { as }: PrintOptions): string {
  return as === 'json' ? `${encodeJson(value)}\n` : `${encodeLine(value as string)}\n`
}

function written(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, error => (error ? reject(error) : resolve()))
  })
}
