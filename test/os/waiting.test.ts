import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Arena, ITEMS, REST, ROOM } from '#src/os/arena'
import { Doorbell } from '#src/os/doorbell'
import { Ringers } from '#src/os/ringers'
import { openBank } from '../fixtures/os-arena.js'
import { until } from '../link/help.js'
import { beside, closing, Program, paths, run } from './program.js'

const path = paths()
const keep = closing()

function bankAt(place: string): ReturnType<typeof openBank> {
  const bank = openBank({ path: place })
  keep(bank.arena)
  return bank
}

async function within({ arena }: ReturnType<typeof openBank>, section: (arena: Arena) => void): Promise<void> {
  while (!arena.enter()) await sleep(1)
  section(arena)
  arena.leave()
}

describe('waiting', () => {
  it('wakes as many as are asked for, in turn, and each of them once', async () => {
    const place = path()
    const bank = bankAt(place)
    const waiters = [bankAt(place), bankAt(place), bankAt(place)]
    const woken: number[] = []
    for (const [number, { arena, on }] of waiters.entries()) {
      on.news = () => woken.push(number)
      arena.attend(ITEMS)
    }
    expect(bank.arena.waiters(ITEMS)).toBe(3)
    await within(bank, arena => arena.wake(ITEMS, 2))
    await until(() => woken.length === 2)
    expect(bank.arena.waiters(ITEMS)).toBe(1)
    await within(bank, arena => arena.wake(ITEMS, 2))
    await until(() => woken.length === 3)
    expect(woken.sort()).toEqual([0, 1, 2])
    // The last one woken is last in turn.
    for (const { arena } of waiters) arena.arm(ITEMS)
    await within(bank, arena => arena.wake(ITEMS, 1))
    await until(() => woken.length === 4)
    expect(woken.at(-1)).toBe(0)
  })

  it('wakes for what is waited for alone', async () => {
    const place = path()
    const bank = bankAt(place)
    const waiter = bankAt(place)
    const came: number[] = []
    waiter.on.news = conditions => came.push(conditions)
    waiter.arena.attend(ROOM | REST)
    await within(bank, arena => arena.wake(ITEMS))
    await within(bank, arena => arena.wake(REST))
    await until(() => came.length > 0)
    expect(came[0]).toBe(REST)
    expect(bank.arena.waiters(ROOM)).toBe(1)
  })

  it('wakes another one in the place of one that has ceased to wait', async () => {
    const place = path()
    const bank = bankAt(place)
    const [first, second] = [bankAt(place), bankAt(place)]
    const woken: string[] = []
    first.on.news = () => woken.push('first')
    second.on.news = () => woken.push('second')
    first.arena.attend(ITEMS)
    second.arena.attend(ITEMS)
    await within(bank, arena => arena.wake(ITEMS, 1))
    // In the same turn: it has not heard the bell yet.
    first.arena.attend(0)
    expect(bank.arena.waiters(ITEMS)).toBe(0)
    await until(() => woken.length > 0)
    expect(woken).toEqual(['second'])
  })

  it('wakes other processes, and no longer those that ceased to wait', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('attend', ITEMS)
    await within(bank, arena => arena.wake(ITEMS, 1))
    expect(await other.news()).toBe(ITEMS)
    await other.call('attend', 0)
    expect(bank.arena.waiters(ITEMS)).toBe(0)
    await other.last('end')
    expect(bank.arena.participants()).toHaveLength(1)
    expect(beside(place)).toEqual([])
  })

  it('wakes a worker thread, which takes its leave when it ends', async () => {
    const { code, stdout } = await run(['worker-waits', path()])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `waits\n${ITEMS}\n1` })
  })

  it('wakes the next one at once when a waiter was killed while it waited', async () => {
    const place = path()
    const bank = bankAt(place)
    const dead = await Program.start(place)
    const alive = await Program.start(place)
    await dead.call('attend', ITEMS)
    await alive.call('attend', ITEMS)
    await dead.kill()
    await within(bank, arena => arena.wake(ITEMS, 1))
    // The ring found it dead: it is reaped on the way.
    expect(bank.arena.participants().map(({ pid }) => pid)).not.toContain(dead.pid)
    expect(bank.reaped).toHaveLength(1)
    expect(await alive.news()).toBe(ITEMS)
    await alive.kill()
  })

  it.each([
    ['the waiter that was woken is killed before it looks', true],
    ['the one that should have rung is killed before it does', false],
  ])('lets another waiter look within a second or two when %s', async (_, waiterDies) => {
    const place = path()
    const bank = bankAt(place)
    const first = await Program.start(place)
    const second = await Program.start(place)
    await first.call('attend', ITEMS)
    if (waiterDies) {
      await second.call('attend', ITEMS)
      second.takeNews()
      await first.kill('SIGSTOP')
      await within(bank, arena => arena.wake(ITEMS, 1))
      await first.kill()
      expect(await second.news()).toBe(ITEMS)
    } else {
      first.takeNews()
      await second.last('dieAfterWaking')
      expect(await first.news()).toBe(ITEMS)
    }
    await first.kill()
    await second.kill()
  })

  it('returns what the dead had leased within seconds, and tells those who wait', async () => {
    const place = path()
    const bank = bankAt(place)
    const other = await Program.start(place)
    await other.call('lend', 7)
    expect(bank.read().stock).toBe(-7)
    await other.kill()
    const told = new Promise(resolve => {
      bank.on.news = resolve
    })
    bank.arena.attend(ITEMS)
    await told
    expect(bank.read().stock).toBe(0)
    expect(bank.arena.participants()).toHaveLength(1)
  })

  it('survives more rings than a bell holds', async () => {
    const bell = path()
    let rings = 0
    const doorbell = new Doorbell(bell, () => rings++)
    const ringers = new Ringers(() => bell)
    for (let ring = 0; ring < 70_000; ring++) if (!ringers.ring(0)) throw new Error(`unheard after ${ring}`)
    await until(() => rings > 0)
    doorbell.close()
    await until(() => !ringers.ring(0))
    ringers.close()
    expect(existsSync(bell)).toBe(false)
  })

  it('(P33) holds no thread of the pool', async () => {
    const ran = await run(['read-file-meanwhile', path()], { env: { UV_THREADPOOL_SIZE: '1' } })
    expect(ran).toEqual({ code: 0, signal: null, stdout: 'true' })
  })

  it('(Q13) costs next to nothing: 100 waiters on 100 arenas', async () => {
    const { stdout } = await run(['idle-waiters', path(), '3000'])
    expect(Number(stdout)).toBeLessThan(0.05)
  })
})
