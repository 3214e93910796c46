import { createHash } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { Entry, type Headers } from '#src/core/entry'
import { packParcel } from '#src/core/parcel-codec'
import type { ArenaUser } from '#src/os/arena-user'
import type { Move, Place, Put, Task, Work } from '#src/queues/durable/commit'
import { createDataFile } from '#src/queues/durable/create-data-file'
import { type BytesTable, Database } from '#src/queues/durable/database'
import { baseOf, decodeHead, firstOf, HEAD } from '#src/queues/durable/layout'
import { Ledger, type Line } from '#src/queues/durable/ledger'
import { newMeta } from '#src/queues/durable/meta'
import { Section } from '#src/queues/durable/section'
import { arenaOptions, type DurableStoreOptions } from '#src/queues/durable/store-options'
import { afterwards, scratch } from './help.js'

/** A data file of its own, closed after the test. */
export async function newDatabase(directory = scratch()): Promise<Database> {
  await createDataFile(directory, 'async')
  const db = new Database(directory, 0, 'async')
  afterwards(() => db.close())
  return db
}

const tablesOf = (db: Database): BytesTable[] => [
  db.items,
  db.delayed,
  db.done,
  db.keys,
  db.expiry,
  db.clients,
  db.payloads,
  db.damaged,
]

/** As if it were new. */
export function empty(db: Database): void {
  db.commitNow(() => {
    for (const table of tablesOf(db)) for (const key of [...table.getKeys()]) table.remove(key)
    db.meta = { ...newMeta(), identity: db.meta.identity }
  })
}

export interface StoredRecord {
  readonly first: number
  readonly base: number
  readonly flags: number
  readonly attempt: number
  readonly count: number
  readonly place: number
  readonly priority: number
  readonly parcel: string
}

/** The records of a table, in order. */
export function recordsOf(table: BytesTable): StoredRecord[] {
  return [...table.getRange()].map(({ key, value }) => {
    const parcel = Buffer.from(value.subarray(HEAD)).toString('hex')
    return { first: firstOf(key), base: baseOf(key), ...decodeHead(value), parcel }
  })
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

export const entry = <T>(value: T, at = 1000, key?: string, headers?: Headers): Entry<T> =>
  new Entry(value, at, 0, 0, headers, key)

/** What is put together, a parcel for so many items each. */
export function newPut(entries: readonly Entry<unknown>[], o: Partial<Put> & { each?: number } = {}): Put {
  const { each = o.due ? 1 : entries.length, ...rest } = o
  const parcels = []
  for (let at = 0; at < entries.length; at += each) {
    const { bytes, count } = packParcel(entries.slice(at, at + each))
    parcels.push({ bytes: Buffer.from(bytes), count })
  }
  const [first] = entries as [Entry<unknown>]
  const of = { ticket: 0, parcels, count: entries.length, due: 0, priority: 0, at: first.enqueuedAt }
  return { ...of, key: first.key, client: undefined, payloads: [], ...rest }
}

export const work = (o: Partial<Work>): Work => ({ puts: [], settled: [], moves: [], tasks: [], ...o })

export const placeOf = (line: Line, first: number, base: number, index = 0, known?: Entry<unknown>): Place => {
  return { line, first, seq: base + index, index, entry: known }
}

export function newMove(from: Place, item: Entry<unknown>, due: number, attempt = 1, priority = 0): Move {
  return { from, item, parcel: Buffer.from(packParcel([item]).bytes), due, attempt, priority }
}

export const newTask = (run: Task['run']): Task => ({ run, committed: () => {}, failed: () => {} })

/** A participant of what a queue keeps in memory, and what it heard; closed after the test. */
export function newSection(directory: string, user: Partial<ArenaUser> = {}) {
  const heard: number[] = []
  const nothing = (): void => {}
  const quiet = { repair: nothing, reap: nothing, unlocked: nothing, news: (came: number) => void heard.push(came) }
  const options = arenaOptions({ leases: `${directory}/leases`, what: 'the queue' } as DurableStoreOptions)
  const section = new Section(options, () => ({ ...quiet, ...user }))
  afterwards(() => section.arena.close())
  return { section, arena: section.arena, ledger: new Ledger(section.arena.buffer, section.arena.offset), heard }
}

/** The paths that this process has open. */
export function pathsOpen(): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return []
    }
  })
}
