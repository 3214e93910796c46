import { linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { QueueLinkError } from '#src/errors/queue-link-error'
import { createDataFile } from '#src/queues/durable/create-data-file'
import { DataFile } from '#src/queues/durable/data-file'
import { Database, fileOf } from '#src/queues/durable/database'
import { newestGeneration, openDatabase } from '#src/queues/durable/databases'
import { bytesFree } from '#src/queues/durable/file-system'
import { keyOf } from '#src/queues/durable/layout'
import { encodeMeta, newMeta } from '#src/queues/durable/meta'
import { codeOf, codeThrown, turns } from '../help.js'
import { afterwards, scratch } from './help.js'
import { newDatabase, pathsOpen } from './parts.js'

const KEY = keyOf(0, 1)
const bytes = (count: number) => Buffer.alloc(count, 7)

describe('a data file that is open', () => {
  it('numbers its transactions, and tells what it says of itself', async () => {
    const db = await newDatabase()
    const { transaction } = db.meta
    await db.commit(() => {
      db.meta = { ...db.meta, items: 5, capacity: 9, shut: true }
    })
    db.commitNow(() => {
      db.meta = { ...db.meta, next: 77 }
    })
    db.refresh()
    expect(db.meta).toMatchObject({ items: 5, capacity: 9, shut: true, next: 77, transaction: transaction + 2 })
  })

  it('is left as it was by work that throws, also where others share the transaction [Q12.1]', async () => {
    const db = await newDatabase()
    const broken = new Error('broken')
    const known = new QueueLinkError('known', 'ERR_BUSY')
    const failing = (error: Error) => () => {
      db.items.put(KEY, bytes(9))
      throw error
    }
    const all = [
      db.commit(failing(broken)),
      db.commit(() => void db.done.put(KEY, bytes(1))),
      db.commit(failing(known)),
    ]
    const [one, , other] = await Promise.allSettled(all)
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_FILE', cause: broken } })
    expect(other).toMatchObject({ status: 'rejected', reason: known })
    expect(codeThrown(() => db.commitNow(failing(broken)))).toBe('ERR_FILE')
    expect(codeThrown(() => db.commitNow(failing(known)))).toBe('ERR_BUSY')
    db.refresh()
    expect([db.items.getKeysCount(), db.done.getKeysCount()]).toEqual([0, 1])
  })

  it('tells its size, and how much of it holds anything, in whichever table', async () => {
    const db = await newDatabase()
    const { items, delayed, done, keys, expiry, clients, payloads, damaged } = db
    const empty = db.space
    for (const table of [items, delayed, done, keys, expiry, clients, payloads, damaged]) {
      const before = db.space.used
      db.commitNow(() => void table.put(KEY, bytes(9)))
      expect(db.space.used - before).toBe(4096)
      db.commitNow(() => void table.put(KEY, bytes(100_000)))
      expect(db.space.used - before).toBeGreaterThan(100_000)
      db.commitNow(() => void table.remove(KEY))
      expect(db.space.used).toBe(before)
    }
    db.commitNow(() => {
      for (let n = 0; n < 2000; n++) items.put(keyOf(0, n), bytes(100))
    })
    const full = db.space
    expect(full.used - empty.used).toBeGreaterThan(2000 * 110)
    expect(full.used).toBeLessThan(full.bytes)
    const size = readFileSync(join(db.directory, fileOf(0))).length
    expect([full.bytes % 4096, full.bytes > 2000 * 110, full.bytes <= size]).toEqual([0, true, true])
  })

  it('has room as long as the disk has', async () => {
    const db = await newDatabase()
    const free = bytesFree(db.directory)
    expect([0, 0.4, 0.6, 2].map(part => db.hasRoomFor(part * free))).toEqual([true, true, false, false])
    expect(db.full()).toMatchObject({ code: 'ERR_NO_SPACE', message: expect.stringContaining(db.directory) })
  })

  it('counts no more from when another one does, and work that waits for it is not done', async () => {
    const db = await newDatabase()
    db.commitNow(() => void db.items.put(KEY, bytes(9)))
    await db.copyTo(join(db.directory, fileOf(1)))
    let done = 0
    const waiting = db.commit(() => void done++)
    db.switchTo(0)
    expect(db.generation).toBe(0)
    db.switchTo(1)
    const items = db.items
    db.switchTo(1)
    expect([db.generation, db.items === items]).toEqual([1, true])
    await waiting
    expect([done, db.items.getKeysCount()]).toEqual([0, 1])
    await db.commit(() => void done++)
    expect(done).toBe(1)
    db.forgetReaders()
    await db.close()
    await db.close()
    expect(pathsOpen().filter(path => path.startsWith(db.directory))).toEqual([])
  })

  it('is refused when another program, or another version, made it [P10]', async () => {
    const { open } = createRequire(import.meta.url)('lmdb') as typeof import('lmdb')
    const tables = { encoding: 'binary', keyEncoding: 'binary' } as const
    const other = bytes(96)
    other.writeUInt32LE(7, 8)
    const layout = encodeMeta(newMeta())
    layout.writeUInt32LE(7, 8)
    for (const [meta, code] of [
      [undefined, 'ERR_FOREIGN'],
      [other, 'ERR_FOREIGN'],
      [layout, 'ERR_LAYOUT'],
      [encodeMeta(newMeta()), undefined],
    ] as const) {
      const directory = scratch()
      const root = open<Buffer, Buffer>({ path: join(directory, fileOf(0)), overlappingSync: false, ...tables })
      root.transactionSync(() => {
        root.put(Buffer.from('other'), bytes(3))
        if (meta) root.put(Buffer.from('meta'), meta)
      })
      await root.close()
      const opened = () => {
        const db = new Database(directory, 0, 'async')
        afterwards(() => db.close())
      }
      expect(codeThrown(opened)).toBe(code)
    }
    expect(codeThrown(() => new DataFile(join(scratch(), 'missing'), fileOf(0), 'async', true))).toBe('ERR_FILE')
  })
})

describe('the data files of a directory', () => {
  it('count by their generation, and nothing else may lie there [P10]', () => {
    const directory = scratch()
    const make = (name: string) => writeFileSync(join(directory, name), '')
    expect([newestGeneration(directory), newestGeneration(join(directory, 'missing'))]).toEqual([undefined, undefined])
    for (const name of ['items-12.mdb.new', 'items-3.mdb-lock', 'leases', 'leases.bell', 'payloads']) make(name)
    expect(newestGeneration(directory)).toBe(undefined)
    for (const name of ['items-2.mdb', 'items-10.mdb', 'items-9.mdb', 'xitems-11.mdb', 'items-11.mdbx']) make(name)
    expect(newestGeneration(directory)).toBe(10)
    for (const name of ['letters.txt', 'xleases', 'payloads2', 'items-.mdb']) {
      const other = scratch()
      writeFileSync(join(other, 'leases'), '')
      writeFileSync(join(other, name), '')
      const foreign = expect.objectContaining({ code: 'ERR_FOREIGN', message: expect.stringContaining(name) })
      expect(() => newestGeneration(other)).toThrow(foreign)
    }
  })

  it('are open once in a thread, whatever their path, and until the last one lets go', async () => {
    const directory = scratch()
    const [path, link] = [join(directory, 'queue'), join(directory, 'link')]
    symlinkSync(path, link)
    const one = await openDatabase(path, 'create', 'sync')
    const other = await openDatabase(link, 'attach', 'sync')
    const looser = await openDatabase(path, 'open', 'async')
    expect([other.database === one.database, looser.database === one.database]).toEqual([true, true])
    expect([one.database.durability, one.database.generation]).toEqual(['sync', 0])
    await one.release()
    await looser.release()
    other.database.commitNow(() => void other.database.items.put(KEY, bytes(5)))
    const closing = other.release()
    const again = await openDatabase(path, 'open', 'async')
    await closing
    expect([again.database === one.database, again.database.items.getKeysCount()]).toEqual([false, 1])
    expect(await codeOf(openDatabase(path, 'open', 'sync'))).toBe('ERR_OPTION')
    const more = await openDatabase(path, 'open', 'async')
    expect(more.database).toBe(again.database)
    await more.release()
    await again.release()
    const stricter = await openDatabase(path, 'open', 'sync')
    expect(stricter.database.durability).toBe('sync')
    await stricter.release()
  })

  it('are made, or must be there, as was asked', async () => {
    const path = join(scratch(), 'queue')
    expect(await codeOf(openDatabase(path, 'attach', 'sync'))).toBe('ERR_QUEUE_NOT_FOUND')
    expect(readdirSync(join(path, '..'))).toEqual([])
    const one = await openDatabase(path, 'open', 'sync')
    expect(await codeOf(openDatabase(path, 'create', 'sync'))).toBe('ERR_QUEUE_EXISTS')
    expect(readdirSync(path)).toContain('items-0.mdb')
    await one.release()
    // The one that counts is opened.
    linkSync(join(path, 'items-0.mdb'), join(path, 'items-4.mdb'))
    const newer = await openDatabase(path, 'attach', 'sync')
    expect(newer.database.generation).toBe(4)
    await newer.release()
    const damaged = join(scratch(), 'queue')
    const made = await openDatabase(damaged, 'open', 'sync')
    await made.release()
    writeFileSync(join(damaged, 'items-1.mdb'), 'garbage')
    expect([
      await codeOf(openDatabase(damaged, 'open', 'sync')),
      await codeOf(openDatabase(damaged, 'open', 'sync')),
    ]).toEqual(['ERR_FOREIGN', 'ERR_FOREIGN'])
    await turns(1)
    expect(await createDataFile(damaged, 'sync')).toBe(false)
  })
})
