import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ITEMS } from '#src/os/arena'
import { openBank } from '../fixtures/os-arena.js'
import { until } from '../link/help.js'
import { closing, FIXTURE, Program, paths, run, tracked } from './program.js'

const path = paths()
const keep = closing()

function bankAt(place: string): ReturnType<typeof openBank> {
  const bank = openBank({ path: place })
  keep(bank.arena)
  return bank
}

/** Tries until the lock is there: a holder that lives may be slow. */
async function enter({ arena }: ReturnType<typeof openBank>): Promise<void> {
  while (!arena.enter()) await sleep(1)
}

describe('the lock', () => {
  it('throws if the same handle enters twice', () => {
    const { arena } = bankAt(path())
    expect(arena.enter()).toBe(true)
    expect(() => arena.enter()).toThrow(expect.objectContaining({ code: 'ERR_LOCK' }))
    arena.leave()
    expect(arena.enter()).toBe(true)
    arena.leave()
  })

  it('is kept from another handle of the same thread', () => {
    const place = path()
    const one = bankAt(place)
    const other = bankAt(place)
    expect(one.arena.enter()).toBe(true)
    expect(other.arena.enter()).toBe(false)
    expect(other.arena.lockedError()).toMatchObject({
      code: 'ERR_QUEUE_LOCKED',
      message: expect.stringContaining(`locked by process ${process.pid}`),
    })
    one.arena.leave()
  })

  it.each([
    ['before a change', 'dieInSection', { first: 5, second: 5 }],
    ['in the middle of a change', 'dieHalfWay', { first: 6, second: 6 }],
    ['after a change, before it leaves', 'dieAfterWaking', { first: 6, second: 6 }],
  ])('(Q12)(P20)(P23) goes on when its holder is killed %s, after a repair', async (_, how, expected) => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('add', 5)
    await other.last(how)
    await enter(bank)
    expect(bank.read()).toMatchObject({ ...expected, stolen: 1 })
    bank.arena.leave()
    // The dead was reaped by who took over from it.
    expect(bank.arena.participants()).toHaveLength(1)
    expect(bank.arena.reap()).toBe(0)
  })

  it('(Q12) repairs nothing when its holder left before it was killed', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('add', 5)
    await other.kill()
    await enter(bank)
    expect(bank.read()).toMatchObject({ first: 5, second: 5, stolen: 0 })
    bank.arena.leave()
  })

  it('is repaired by the next one when it was abandoned', () => {
    const place = path()
    const one = bankAt(place)
    const other = bankAt(place)
    one.arena.enter()
    one.addHalf()
    one.arena.abandon()
    expect(other.arena.enter()).toBe(true)
    expect(other.read()).toMatchObject({ first: 1, second: 1, stolen: 1 })
    other.arena.leave()
  })

  it('(Q12) goes on when its holder is dead and nobody waits for it: a zombie', async () => {
    const place = path()
    const bank = bankAt(place)
    // The shell becomes a program that never asks what became of its child.
    const script = `"${process.execPath}" "${FIXTURE}" die-in-section "${place}" & exec sleep 60`
    const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    tracked(parent)
    const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
    const zombie = Number((await lines.next()).value)
    await until(() => bank.arena.participants().some(({ pid, alive }) => pid === zombie && !alive))
    expect(readFileSync(`/proc/${zombie}/stat`, 'latin1')).toContain(') Z ')
    await enter(bank)
    expect(bank.read()).toMatchObject({ first: 1, second: 1, stolen: 1 })
    bank.arena.leave()
    parent.kill('SIGKILL')
  })

  it('waits for a holder that is stopped, without blocking, and goes on after it', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('stopInSection')
    await until(() => readFileSync(`/proc/${other.pid}/stat`, 'latin1').includes(') T '))
    let tries = 0
    const unlocked = new Promise<void>(resolve => {
      bank.on.unlocked = () => resolve()
    })
    expect(bank.arena.enter()).toBe(false)
    // What has been found stuck is not waited for again.
    const began = process.cpuUsage()
    for (; tries < 1000; tries++) expect(bank.arena.enter()).toBe(false)
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000)
    expect(bank.arena.lockedError().message).toContain(`process ${other.pid}`)
    expect(bank.arena.participants().every(({ alive }) => alive)).toBe(true)
    other.process.kill('SIGCONT')
    await unlocked
    await enter(bank)
    expect(bank.read()).toMatchObject({ first: 1, second: 1, stolen: 0 })
    bank.arena.leave()
    await other.kill()
  })

  it('is taken over from a holder that is killed while it is stopped', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('stopInSection')
    expect(bank.arena.enter()).toBe(false)
    const unlocked = new Promise<void>(resolve => {
      bank.on.unlocked = () => resolve()
    })
    await other.kill()
    await unlocked
    await enter(bank)
    expect(bank.read()).toMatchObject({ stolen: 1 })
    bank.arena.leave()
  })

  it('(Q12) goes on when a worker thread is terminated in the section', async () => {
    const { code, stdout } = await run(['worker-in-section', path()])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ first: 1, second: 1, stolen: 1 })
  })

  it('(Q12)(P20)(P23) keeps its promise under kills at any moment', async () => {
    const place = path()
    const bank = bankAt(place)
    const hammers: Program[] = []
    let acknowledged = 0
    let kills = 0
    const reported = (hammer: Program): number => Math.max(0, ...(hammer.takeNews() as number[]))
    const start = async (): Promise<void> => {
      const hammer = await Program.start(place)
      hammer.process.send(['hammer'])
      hammers.push(hammer)
    }
    await Promise.all([start(), start(), start()])
    const end = Date.now() + 4000
    // Until some were killed in the section.
    while (Date.now() < end || bank.read().stolen < 2) {
      const victim = hammers.shift() as Program
      // At work by now.
      await victim.news()
      await sleep(Math.random() * 20)
      await victim.kill()
      kills++
      acknowledged += reported(victim)
      await enter(bank)
      const { first, second } = bank.read()
      bank.arena.leave()
      expect(first).toBe(second)
      await start()
    }
    await Promise.all(hammers.map(hammer => hammer.kill()))
    for (const hammer of hammers) acknowledged += reported(hammer)
    await enter(bank)
    const { first, second } = bank.read()
    bank.arena.leave()
    expect(kills).toBeGreaterThan(3)
    expect(acknowledged).toBeGreaterThan(100)
    expect(first).toBe(second)
    expect(first).toBeGreaterThanOrEqual(acknowledged)
    bank.arena.reap()
    expect(bank.arena.participants()).toHaveLength(1)
    expect(bank.arena.waiters(ITEMS)).toBe(0)
  }, 60_000)
})
