import type { ArenaOptions } from '../../os/arena-file.js'
import type { Database } from './database.js'
import { LEDGER_BYTES } from './ledger.js'
import type { Payloads } from './payloads.js'

export interface DurableStoreOptions {
  readonly what: string
  /** Where its leases lie. */
  readonly leases: string
  readonly database: Database
  readonly payloads: Payloads
  readonly itemSize: number
  readonly keyTtl: number
  /** Lets go of the database. */
  readonly release: () => Promise<void>
}

/** Where leases lie: a lost or useless file is made anew. */
export function arenaOptions({ leases, what }: DurableStoreOptions): ArenaOptions {
  const numbers: number[] = []
  const always = { mode: 'open', useless: 'replace', acrossContainers: true, numbers } as const
  return { ...always, path: leases, what, kind: 'dura', version: 1, bodyBytes: LEDGER_BYTES }
}
