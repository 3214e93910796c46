import { resolve } from 'node:path'
import process from 'node:process'
import type { QueueDescriptor } from '../../core/origin.js'
import type { Queue } from '../../core/queue.js'
import { durableQueue } from '../../queues/durable/durable-queue.js'
import { openQueue } from '../../queues/open-queue.js'
import { sharedQueue } from '../../queues/shared/shared-queue.js'
import { UsageError } from '../usage-error.js'
import { FORMS } from './forms.js'

/** The queue that a text of the command line names; undefined if it names none. */
export function queueAddress(text: string): QueueDescriptor | undefined {
  const [, scheme, rest = ''] = /^(shm|durable|unix|tcp):(.*)$/s.exec(text) ?? []
  if (!scheme) return undefined
  if (rest === '') throw new UsageError(`'${text}' names no queue; use ${FORMS}`)
  if (scheme === 'durable') return { kind: 'durable', path: resolve(rest) }
  if (scheme !== 'shm') return { kind: 'hosted', address: text, token: tokenFor(text) }
  const [name, runId] = rest.split('@')
  return { kind: 'shared', name, ...(runId === undefined ? {} : { runId }) }
}

/** As `queueAddress`, for commands that work on queues alone. */
export function someQueue(text: string): QueueDescriptor {
  const descriptor = queueAddress(text)
  if (descriptor) return descriptor
  throw new UsageError(`'${text}' is no queue; use ${FORMS}`)
}

/** For a link: a queue that its processes meet at is made by whoever comes first. */
export function meetAt<T>(descriptor: QueueDescriptor): Promise<Queue<T>> {
  const { kind, name, runId, path } = descriptor as { kind: string; name: string; runId?: string; path: string }
  if (kind === 'durable') return durableQueue<T>(path)
  return kind === 'shared' ? sharedQueue<T>(name, runId === undefined ? {} : { runId }) : openQueue<T>(descriptor)
}

/** Not on the command line, which other users of the machine can read. */
function tokenFor(address: string): string {
  const token = process.env.QUEUELINK_TOKEN
  if (token) return token
  throw new UsageError(`${address} needs the token of its host in the environment: QUEUELINK_TOKEN=… queuelink …`)
}
