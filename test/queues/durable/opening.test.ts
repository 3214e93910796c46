import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../help.js'
import { open, run, scratch } from './help.js'

describe('a new queue', () => {
  it('is made by one of many who come at once, and all find it whole', async () => {
    const path = join(scratch(), 'queue')
    const users = Array.from({ length: 6 }, () => run('durable-user.js', 'creates', path, 'open'))
    expect(await Promise.all(users.map(({ line }) => line()))).toEqual(users.map(() => 'opened'))
    expect(await Promise.all(users.map(({ ended }) => ended))).toEqual(users.map(() => 0))
    expect((await open(path)).size).toBe(6)
    expect(readdirSync(path).filter(name => name.includes('.new'))).toEqual([])
  })

  it('is made by one alone of those who ask for a new one', async () => {
    const path = join(scratch(), 'queue')
    const users = Array.from({ length: 4 }, () => run('durable-user.js', 'creates', path, 'create'))
    const said = await Promise.all(users.map(({ line }) => line()))
    expect(said.sort()).toEqual(['ERR_QUEUE_EXISTS', 'ERR_QUEUE_EXISTS', 'ERR_QUEUE_EXISTS', 'opened'])
    const own = join(scratch(), 'queue')
    const codes = await Promise.all([0, 1, 2].map(() => codeOf(open(own, { mode: 'create' }))))
    expect(codes.filter(code => code === undefined).length).toBe(1)
  })
})

describe('a path', () => {
  it('may have any characters, and end anyhow', async () => {
    const directory = scratch()
    for (const name of [
      ' a b',
      'q#1?x=%20',
      'line\nfeed',
      '文字 é',
      'quote\'"',
      'dots..mdb',
      `${'long'.repeat(40)}`,
      'end/',
    ]) {
      const queue = await open<string>(join(directory, name))
      await queue.put(name)
      await queue.close()
      const again = await open<string>(join(directory, name), { mode: 'attach' })
      expect(await again.get()).toBe(name)
    }
  })

  it('may lead there by a link', async () => {
    const directory = scratch()
    const [queue, link] = [join(directory, 'queue'), join(directory, 'link')]
    mkdirSync(queue)
    symlinkSync(queue, link)
    const [one, other] = [await open<number>(queue), await open<number>(link)]
    await one.put(1)
    expect(await other.get()).toBe(1)
  })

  it('is refused where this user may not write', async () => {
    if (process.getuid?.() === 0) return
    const directory = scratch()
    chmodSync(directory, 0o500)
    expect(await codeOf(open(join(directory, 'queue')))).toBe('ERR_NOT_WRITABLE')
    chmodSync(directory, 0o700)
  })
})

it('keeps the data file longer than its head tells: a page that was given back before it was written does not make it look cut short', async () => {
  const path = join(scratch(), 'queue')
  const queue = await open<string>(path)
  const file = join(path, 'items-0.mdb')
  for (let round = 0; round < 5; round++) {
    await queue.putBatch(Array.from({ length: 100 * round }, (_, n) => `${n}`.padEnd(200)))
    await queue.put('last')
    const head = readFileSync(file).subarray(0, 2 * 4096)
    const lastPage = Math.max(...[0, 4096].map(at => Number(head.readBigUInt64LE(at + 144))))
    expect(statSync(file).size).toBeGreaterThanOrEqual((lastPage + 32) * 4096)
  }
})
