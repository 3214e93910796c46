import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { QueueDescriptor } from '../core/origin.js'
import { queueAddress } from './queues/queue-address.js'
import { UsageError } from './usage-error.js'

/** What the text of an endpoint means. */
export type Endpoint = { readonly text: string } & (
  | { readonly kind: 'stdio' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'exec'; readonly command: string }
  | { readonly kind: 'queue'; readonly queue: QueueDescriptor }
)

// A single letter before the colon is a drive of Windows.
const SCHEME = /^([a-z][a-z0-9+.-]+):(.*)$/is

export function parseEndpoint(text: string): Endpoint {
  if (text === '-') return { text, kind: 'stdio' }
  const queue = queueAddress(text)
  if (queue) return { text, kind: 'queue', queue }
  if (text.startsWith('file://')) return { text, kind: 'file', path: pathOf(text) }
  const [, scheme = 'file', rest = text] = SCHEME.exec(text) ?? []
  if (rest === '') throw new UsageError(`the endpoint '${text}' is empty; use -, file:PATH or exec:COMMAND`)
  if (scheme === 'file') return { text, kind: 'file', path: resolve(rest) }
  if (scheme === 'exec') return { text, kind: 'exec', command: rest }
  throw new UsageError(
    `unknown endpoint '${text}'; use -, file:PATH, exec:COMMAND or shm:NAME (a file of that name is 'file:${text}')`,
  )
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw new UsageError(`'${url}' is not the URL of a local file; use file:PATH`)
  }
}
