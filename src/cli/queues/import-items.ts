import { resolve } from 'node:path'
import process from 'node:process'
import { fromReadable } from '../../io/from-readable.js'
import { QueueLink } from '../../link/queue-link.js'
import { durableQueue } from '../../queues/durable/durable-queue.js'
import type { ExitCode } from '../exit-code.js'
import { type ItemLine, itemIn } from './item-line.js'
import { durablePath, type TransferOptions, transfer } from './transfer.js'

/** Puts that share a commit. */
const AT_ONCE = 256

/** Puts what export wrote, in its order. */
export async function importItems(file: string, text: string, o: TransferOptions): Promise<ExitCode> {
  await using queue = await durableQueue<unknown>(durablePath(text))
  const put = async (line: ItemLine): Promise<void> => {
    const { priority, delay, key, headers } = line
    await queue.put(itemIn(line), {
      ...(priority !== undefined && { priority }),
      ...(delay !== undefined && { delay }),
      ...(key !== undefined && { key }),
      ...(headers !== undefined && { headers }),
    })
  }
  const link = new QueueLink({ name: 'import', placement: 'inline', each: put, concurrency: AT_ONCE, onError: 'stop' })
  const path = file === '-' ? undefined : resolve(file)
  link.read(path === undefined ? fromReadable(process.stdin, { as: 'json' }) : { path, as: 'json' })
  // It is stored when `put` has resolved.
  link.write({ next() {}, error() {}, complete() {} })
  // The queue is open until then.
  return await transfer(link, 'stored', o, path)
}
