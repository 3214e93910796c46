import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Entry, type Headers } from '#src/core/entry'
import { openDatabase } from '#src/queues/durable/databases'
import { Payloads } from '#src/queues/durable/payloads'
import { DurableStore } from '#src/queues/durable/store'
import { Ear as Listener } from '../shared/stores.js'
import { afterwards } from './help.js'

export const NOTHING = { items: false, room: false, rest: false }

/** What a store told its owner. */
export class Ear extends Listener {
  repeats = 0
  readonly broke: unknown[] = []

  override repeated(count = 0): void {
    this.repeats += count
  }

  override broken(error?: unknown): void {
    this.broke.push((error as { code?: unknown }).code)
  }
}

/** A handle on a queue on disk, without the mailbox that a queue has over it. */
export interface Handle<T> {
  readonly store: DurableStore<T>
  readonly ear: Ear
}

export interface Sizes {
  readonly capacity?: number
  readonly itemSize?: number
  readonly keyTtl?: number
}

/** Closed after the test, if not before. */
export async function openStore<T>(
  path: string,
  { capacity, itemSize = 1000, keyTtl = 1e6 }: Sizes = {},
): Promise<Handle<T>> {
  const { database, release } = await openDatabase(path, 'open', 'async')
  const payloads = new Payloads(path)
  const leases = join(path, 'leases')
  const store = new DurableStore<T>({ what: 'the queue', leases, database, payloads, itemSize, keyTtl, release })
  afterwards(() => store.close())
  await store.begin(capacity)
  const ear = new Ear()
  store.listen(ear)
  return { store, ear }
}

export interface Said {
  readonly at?: number
  readonly due?: number
  readonly priority?: number
  readonly headers?: Headers | undefined
  readonly key?: string | undefined
}

/** As the mailbox does: sealed, and offered. */
export function offer<T>(
  { store }: Handle<T>,
  values: readonly T[],
  { at = 1000, due, priority, headers, key }: Said = {},
): boolean {
  const entries = values.map(value => new Entry(value, at, due, priority, headers, key))
  store.seal(entries)
  return store.offer(entries)
}

/** The files beside the data file. */
export function filesIn(path: string): string[] {
  try {
    return readdirSync(join(path, 'payloads'))
  } catch {
    return []
  }
}
