import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Commit } from '#src/queues/durable/commit'
import { Compaction } from '#src/queues/durable/compaction'
import type { Database } from '#src/queues/durable/database'
import { codeOf, codeThrown, turns } from '../help.js'
import { scratch } from './help.js'
import { entry, newDatabase, newPut, newSection, recordsOf, work } from './parts.js'

let directory: string
let db: Database
let own: ReturnType<typeof newSection>
let compaction: Compaction

beforeEach(async () => {
  directory = scratch()
  db = await newDatabase(directory)
  own = newSection(directory)
  compaction = new Compaction(db, own.ledger, own.arena, () => own.section)
})

const store = (...values: unknown[]) =>
  db.commitNow(() => new Commit(db, 0, 0).run(work({ puts: [newPut(values.map(value => entry(value)))] })))
const dataFiles = () =>
  readdirSync(directory)
    .filter(name => /^items-\d+\.mdb(\.new)?$/.test(name))
    .sort()

describe('a compaction', () => {
  it('leaves what was there in a new file, which counts, and no other [Q12.1]', async () => {
    store(1, 2, 3)
    store('x'.repeat(100_000))
    const [before, { transaction, ...meta }, { version }] = [recordsOf(db.items), db.meta, own.ledger]
    await compaction.run()
    const { generation, compacting } = own.ledger
    expect([generation, compacting, db.generation, db.isBeingCopied, compaction.mayCommit]).toEqual([
      1,
      -1,
      1,
      false,
      true,
    ])
    expect([recordsOf(db.items), db.meta]).toEqual([before, { ...meta, transaction: db.meta.transaction }])
    // Who asks whether a transaction was committed must not take an earlier one for it.
    expect([db.meta.transaction > transaction, own.ledger.version > version]).toEqual([true, true])
    expect([dataFiles(), readdirSync(directory).filter(name => name.includes('.new'))]).toEqual([['items-1.mdb'], []])
    store(4)
    await compaction.run()
    expect([own.ledger.generation, dataFiles(), recordsOf(db.items).length]).toEqual([2, ['items-2.mdb'], 3])
  })

  it('goes on once at a time, here and elsewhere, and can be waited for', async () => {
    store(1)
    const first = compaction.run()
    expect(await codeOf(compaction.run())).toBe('ERR_BUSY')
    await compaction.done()
    expect(own.ledger.generation).toBe(1)
    await first
    own.ledger.compacting = own.arena.slot + 1
    expect([await codeOf(compaction.run()), own.ledger.compacting, compaction.mayCommit]).toEqual([
      'ERR_BUSY',
      own.arena.slot + 1,
      false,
    ])
    own.ledger.compacting = -1
    await compaction.done()
    await compaction.run()
    expect([own.ledger.generation, compaction.mayCommit]).toEqual([2, true])
  })

  it('holds up commits until it is over', async () => {
    store(1)
    expect(compaction.overNow()).toBe(true)
    await compaction.over()
    own.ledger.compacting = own.arena.slot
    let isOver = false
    const over = compaction.over().then(() => (isOver = true))
    await turns(20)
    expect([isOver, compaction.mayCommit]).toEqual([false, false])
    db.isBeingCopied = true
    expect(compaction.overNow()).toBe(false)
    db.isBeingCopied = false
    own.ledger.compacting = -1
    await over
    expect(compaction.overNow()).toBe(true)
  })

  it('holds up commits no longer when who was at it is dead', async () => {
    const dead = newSection(directory, { reap: () => (own.ledger.compacting = -1) })
    own.ledger.compacting = dead.arena.slot
    const over = compaction.over()
    await turns(3)
    dead.arena.close()
    await over
    expect(own.ledger.compacting).toBe(-1)
  })
})

describe('the data file that counts', () => {
  /** Another handle has written the next one. */
  async function next(): Promise<void> {
    await db.copyTo(join(directory, 'items-1.mdb'))
    own.ledger.generation = 1
  }

  it('is gone over to as soon as it is there', async () => {
    store(1, 2)
    const items = recordsOf(db.items)
    own.ledger.generation = 1
    compaction.follow()
    expect([db.generation, compaction.mayCommit]).toEqual([0, false])
    await next()
    own.ledger.compacting = 3
    compaction.follow()
    expect(db.generation).toBe(0)
    own.ledger.compacting = -1
    compaction.follow()
    expect([db.generation, compaction.mayCommit, recordsOf(db.items)]).toEqual([1, true, items])
    compaction.follow()
    expect(db.generation).toBe(1)
  })

  it('cannot be gone over to when it is damaged', () => {
    writeFileSync(join(directory, 'items-1.mdb'), 'garbage')
    own.ledger.generation = 1
    expect([codeThrown(() => compaction.follow()), db.generation]).toEqual(['ERR_FOREIGN', 0])
  })

  it('is the new one where who made it died after that, and else the old one', () => {
    const { version } = own.ledger
    own.ledger.compacting = 9
    compaction.inherit()
    expect([own.ledger.generation, own.ledger.compacting, own.ledger.version]).toEqual([0, -1, version])
    writeFileSync(join(directory, 'items-1.mdb'), '')
    own.ledger.compacting = 9
    compaction.inherit()
    expect([own.ledger.generation, own.ledger.compacting, own.ledger.version]).toEqual([1, -1, version + 1])
  })

  it('is what is on the disk where nobody else has the queue open', async () => {
    await next()
    db.switchTo(1)
    for (const name of ['items-3.mdb', 'items-3.mdb.new', 'items-0.mdb-lock', 'other-0.mdb', 'x.new'])
      writeFileSync(join(directory, name), '')
    Object.assign(own.ledger, { generation: 7, compacting: 5 })
    compaction.settle()
    expect([own.ledger.generation, own.ledger.compacting]).toEqual([1, -1])
    expect([dataFiles(), existsSync(join(directory, 'items-0.mdb-lock'))]).toEqual([
      ['items-1.mdb', 'items-3.mdb'],
      false,
    ])
    expect(['other-0.mdb', 'x.new'].map(name => existsSync(join(directory, name)))).toEqual([true, true])
  })
})

describe('a large data file', () => {
  const clear = (keep: number) =>
    db.commitNow(() => {
      for (const key of [...db.items.getKeys()].slice(keep)) db.items.remove(key)
    })
  const size = () => statSync(join(directory, `items-${db.generation}.mdb`)).size

  it('is compacted by itself when little of it is used, and it was looked [P13]', async () => {
    await compaction.consider()
    own.ledger.held = 0
    await compaction.consider()
    const large = 'x'.repeat(1_000_000)
    // What is free in a small one is not worth while.
    store(large)
    clear(0)
    await compaction.consider()
    expect([own.ledger.generation, db.space.used < size() / 8]).toEqual([0, true])
    for (let n = 0; n < 18; n++) store(large)
    await compaction.consider()
    expect([size() > 16 * 1024 * 1024, own.ledger.generation]).toEqual([true, 0])
    clear(6)
    await compaction.consider()
    expect(own.ledger.generation).toBe(0)
    clear(3)
    own.ledger.held = 3
    // Five times it was looked at by now.
    for (let commits = 5; commits < 127; commits++) await compaction.consider()
    expect(own.ledger.generation).toBe(0)
    own.ledger.compacting = 200
    await compaction.consider()
    expect(own.ledger.generation).toBe(0)
    own.ledger.compacting = -1
    for (let commits = 128; commits < 255; commits++) await compaction.consider()
    expect(own.ledger.generation).toBe(0)
    await compaction.consider()
    expect([own.ledger.generation, size() < 4_000_000, recordsOf(db.items).length]).toEqual([1, true, 3])
    own.ledger.held = 0
    await compaction.consider()
    expect(own.ledger.generation).toBe(1)
  })
})
