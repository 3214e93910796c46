import { Buffer } from 'node:buffer'
import { BYTES, type Delivery } from './delivery.js'

/** What an item takes up: encoded, where its queue encodes, else as a string or bytes. Undefined where that is not known. */
export function bytesOf(delivery: Delivery<unknown>): number | undefined {
  const encoded = (delivery as { readonly [BYTES]?: number })[BYTES]
  if (encoded) return encoded
  const { value } = delivery
  if (typeof value === 'string') return Buffer.byteLength(value)
  return ArrayBuffer.isView(value) ? value.byteLength : undefined
}
