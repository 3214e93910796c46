import type { Lease } from '../core/entry.js'

/** What the `key` of a link makes of an item that it takes. */
export function keyOf(key: (item: unknown) => string | number): (lease: Lease<unknown>) => string {
  return lease => String(key(lease.value))
}
