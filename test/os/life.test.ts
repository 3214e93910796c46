import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { QueueClosedError, QueueExistsError, QueueNotFoundError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { ITEMS } from '#src/os/arena'
import { PARTICIPANTS_AT, SLOTS } from '#src/os/arena-header'
import { type bankOptions, openBank } from '../fixtures/os-arena.js'
import { openFiles, until } from '../link/help.js'
import { beside, closing, Program, paths, run } from './program.js'

const path = paths()
const keep = closing()

function bankAt(place: string, options: Partial<ReturnType<typeof bankOptions>> = {}): ReturnType<typeof openBank> {
  const bank = openBank({ path: place, ...options })
  keep(bank.arena)
  return bank
}

async function enter({ arena }: ReturnType<typeof openBank>): Promise<void> {
  while (!arena.enter()) await sleep(1)
}

describe('an arena', () => {
  it('is made, found and refused as its mode says', () => {
    const place = path()
    expect(() => bankAt(place, { mode: 'attach' })).toThrow(QueueNotFoundError)
    const made = bankAt(place, { mode: 'create', numbers: [1, 2.5, 2 ** 40], bodyBytes: 65_536 })
    expect(() => bankAt(place, { mode: 'create' })).toThrow(QueueExistsError)
    const found = bankAt(place, { mode: 'attach' })
    expect(found.arena.header).toEqual(made.arena.header)
    expect(found.arena.header.numbers).toEqual([1, 2.5, 2 ** 40])
    expect(found.arena.bytes).toBe(65_536)
    expect(found.arena.slot).not.toBe(made.arena.slot)
    expect(statSync(place).mode & 0o777).toBe(0o600)
    expect(beside(place)).toEqual([])
  })

  it('is the same for all who open it at the same moment', async () => {
    for (let round = 0; round < 3; round++) {
      const place = path()
      const at = String(Date.now() + 700)
      const all = await Promise.all([1, 2, 3, 4].map(() => run(['open-once', place, at])))
      expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1)
      expect(all[0]?.stdout).toMatch(/^[0-9a-f]{16}$/)
      expect(beside(place)).toEqual([])
    }
  })

  it('takes the place of a useless file once, for all who find it useless at the same moment', async () => {
    const place = path()
    writeFileSync(place, 'rubbish', { mode: 0o600 })
    const at = String(Date.now() + 700)
    const all = await Promise.all([1, 2, 3, 4].map(() => run(['open-once', place, at, 'replace'])))
    expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1)
    expect(beside(place)).toEqual([])
  })

  it('does not take the place of a file that somebody uses', async () => {
    const place = path()
    const bank = bankAt(place)
    const options = { version: 2, useless: 'replace' as const }
    expect(() => bankAt(place, options)).toThrow(
      expect.objectContaining({ code: 'ERR_LAYOUT', message: expect.stringContaining('somebody uses it') }),
    )
    bank.arena.close()
    expect(bankAt(place, options).arena.header.identity).not.toBe(bank.arena.header.identity)
  })

  it('is forgotten once it is unlinked, and goes on for those who have it', () => {
    const place = path()
    const one = bankAt(place)
    const two = bankAt(place)
    one.arena.unlink()
    expect(existsSync(place)).toBe(false)
    const other = bankAt(place)
    one.arena.enter()
    one.add(3)
    one.arena.leave()
    expect([two.read().first, other.read().first]).toEqual([3, 0])
    // Not theirs any more.
    two.arena.unlink()
    expect(existsSync(place)).toBe(true)
  })

  it('throws, and does not crash, when it is used after it was closed', () => {
    const { arena, words } = openBank({ path: path() })
    arena.attend(ITEMS)
    arena.close()
    arena.close()
    expect(arena.closed).toBe(true)
    for (const use of [() => arena.enter(), () => arena.attend(ITEMS), () => arena.reap()]) {
      expect(use).toThrow(QueueClosedError)
    }
    arena.attend(0)
    words[0] = 1
    expect(Atomics.add(words, 1, 1)).toBe(0)
  })

  it('leaves nothing open when it is closed', async () => {
    const place = path()
    bankAt(place).arena.close()
    const before = openFiles()
    for (let round = 0; round < 50; round++) {
      const { arena } = openBank({ path: place })
      arena.attend(ITEMS)
      arena.close()
    }
    await until(() => openFiles() <= before)
    expect(beside(place)).toEqual([])
  })

  it('has 255 places, and a clear error for the next one', () => {
    const place = path()
    const all = Array.from({ length: SLOTS }, () => bankAt(place))
    expect(new Set(all.map(({ arena }) => arena.slot)).size).toBe(SLOTS)
    expect(() => bankAt(place)).toThrow(expect.objectContaining({ code: 'ERR_TOO_MANY' }))
    all[100]?.arena.close()
    expect(bankAt(place).arena.slot).toBe(100)
  })

  it('gives a place of the dead away when no other is left, after what they leased is returned', async () => {
    const place = path()
    const other = await Program.start(place)
    await other.call('lend', 5)
    await other.call('openMore', SLOTS - 1)
    await other.kill()
    const bank = bankAt(place)
    expect(bank.reaped).toEqual([bank.arena.slot])
    await enter(bank)
    expect(bank.read()).toMatchObject({ stock: 0, lent: 0 })
    bank.arena.leave()
    expect(bank.arena.reap()).toBe(SLOTS - 1)
    expect(bank.arena.participants()).toHaveLength(1)
  })
})

describe('the end of a process', () => {
  const ends = {
    'that ends by itself': ['end'],
    'that exits': ['exit', 3],
    'that throws': ['throw'],
    'that is killed': ['die'],
  }
  const orders = [
    'attached, and ends first',
    'attached, and ends last',
    'created, and ends first',
    'created, and ends last',
  ]
  const cases = Object.entries(ends).flatMap(([how, end]) => orders.map(order => [how, order, end] as const))

  it.each(cases)(
    '(P22) %s leaves the arena to the others: it %s',
    async (_, order, end) => {
      const place = path()
      const created = order.startsWith('created')
      const first = created ? undefined : bankAt(place)
      const other = await Program.start(place, { quiet: end[0] === 'throw' })
      const bank = first ?? bankAt(place)
      await other.call('add', 2)
      await other.call('lend', 4)
      if (order.endsWith('last')) bank.arena.close()
      // With a wait under way, except where that keeps it alive.
      if (end[0] !== 'end') await other.call('attend', ITEMS)
      await other.last(...end)
      const last = order.endsWith('last') ? bankAt(place, { mode: 'attach' }) : bank
      // Who is not killed takes its leave.
      expect(last.arena.participants().every(({ alive }) => alive)).toBe(end[0] !== 'die')
      last.arena.reap()
      await enter(last)
      expect(last.read()).toMatchObject({ first: 2, second: 2, stock: 0 })
      last.arena.leave()
      expect(last.arena.participants()).toHaveLength(1)
      expect(beside(place)).toEqual([])
      last.arena.unlink()
      expect(existsSync(place)).toBe(false)
    },
    60_000,
  )

  it('(P26) is noticed although its id was given to another process', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    const slot = await other.call<number>('slot')
    await other.last('dieHalfWay')
    // As if this process had got the id.
    new Int32Array(bank.arena.buffer)[PARTICIPANTS_AT / 4 + slot * 4 + 2] = process.pid
    expect(bank.arena.participants()).toContainEqual({ slot, pid: process.pid, alive: false })
    await enter(bank)
    expect(bank.read()).toMatchObject({ first: 1, second: 1, stolen: 1 })
    bank.arena.leave()
    expect(bank.arena.participants()).toHaveLength(1)
  })

  it('(P26) is noticed before its successor comes, which gets what it left', async () => {
    const place = path()
    const bank = bankAt(place)
    for (let round = 0; round < 3; round++) {
      const other = await Program.start(place)
      await other.call('lend', 1)
      await other.kill()
      const next = await Program.start(place)
      expect(await next.call('reap')).toBe(1)
      expect(await next.call('read')).toMatchObject({ stock: 0 })
      await next.kill()
      bank.arena.reap()
    }
  })
})

const unshares = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
const apart = ['unshare', '--pid', '--fork', '--mount-proc', process.execPath]

describe.skipIf(!unshares)('a process of another container (skipped where unshare(1) may not make one)', () => {
  it('is refused where process ids matter', async () => {
    const place = path()
    bankAt(place)
    const { stdout } = await run(['attach', place], { command: apart })
    expect(stdout).toBe('ERR_OTHER_CONTAINER')
  })

  it('sees who lives, and takes no lock from the living', async () => {
    const place = path()
    const bank = bankAt(place)
    bank.arena.enter()
    const { stdout } = await run(['attach', place, 'across'], { command: apart })
    bank.arena.leave()
    expect(JSON.parse(stdout)).toEqual({ alive: 2, holder: 'ERR_QUEUE_LOCKED' })
    expect(readFileSync(place).length).toBe(statSync(place).size)
  })
})
