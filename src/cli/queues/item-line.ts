import { isDeepStrictEqual } from 'node:util'
import { decode, encode } from '../../core/codec.js'
import { QueueLinkError } from '../../errors/queue-link-error.js'
import type { StoredItem } from '../../queues/durable/stored-item.js'

/** An item as a line of JSON has it: `packed` is MessagePack in base64, where JSON cannot carry the value. */
export interface ItemLine {
  readonly value?: unknown
  readonly packed?: string
  readonly priority?: number
  /** Milliseconds that are left. */
  readonly delay?: number
  readonly key?: string
  readonly headers?: Record<string, string>
  /** In ms since 1970. */
  readonly enqueuedAt: number
}

export function lineOf({ value, priority, delay, key, headers, enqueuedAt }: StoredItem<unknown>): ItemLine {
  return {
    ...(isPlain(value) ? { value } : { packed: encode(value).toString('base64') }),
    ...(priority !== 0 && { priority }),
    ...(delay > 0 && { delay }),
    ...(key !== undefined && { key }),
    ...(Object.keys(headers).length > 0 && { headers }),
    enqueuedAt,
  }
}

/** Throws `ERR_IMPORT` for what is no such line. */
export function itemIn(line: ItemLine): unknown {
  if (typeof line === 'object' && line !== null) {
    if ('value' in line) return line.value
    if (typeof line.packed === 'string') return decode(Buffer.from(line.packed, 'base64'))
  }
  const way = 'import takes what export wrote; other JSON goes in by queuelink link --as json FILE durable:PATH'
  throw new QueueLinkError(`a line is no item: ${JSON.stringify(line)?.slice(0, 80)}; ${way}`, 'ERR_IMPORT')
}

function isPlain(value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)
  } catch {
    return false
  }
}
