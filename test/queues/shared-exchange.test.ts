import type { ChildProcess } from 'node:child_process'
import { expect, it } from 'vitest'
import { exit, heard, open, start } from './shared/users.js'

interface Report {
  readonly seen: Record<string, { count: number; last: number }>
  readonly wrong: number
}

const ITEMS = 500_000

it('exchanges a million items between programs started independently and a late one, each once and in order (Q1.1) (Q2.1)', async () => {
  const queue = await open<unknown>(undefined, { capacity: 8192 })
  const consumers = [start('consume', queue.name)]
  const reports = consumers.map(child => heard<Report>(child, 'done'))
  const producers: ChildProcess[] = []
  const produced: Promise<number>[] = []
  const produce = (by: string): void => {
    const child = start('produce', queue.name, by, ITEMS)
    producers.push(child)
    produced.push(heard<number>(child, 'done'))
  }
  produce('a')
  // The third comes when a good part has passed, and before the last is put.
  while (((await queue.stat()).settled ?? 0) < ITEMS / 4) await new Promise(resolve => setTimeout(resolve, 20))
  const late = start('consume', queue.name)
  consumers.push(late)
  reports.push(heard<Report>(late, 'done'))
  await heard(late, 'ready')
  produce('b')
  expect(await Promise.all(produced)).toEqual([ITEMS, ITEMS])
  await queue.shutdown()
  const said = await Promise.all(reports)
  const counts = ['a', 'b'].map(by => said.reduce((sum, { seen }) => sum + (seen[by]?.count ?? 0), 0))
  expect({ counts, wrong: said.map(({ wrong }) => wrong) }).toEqual({ counts: [ITEMS, ITEMS], wrong: [0, 0] })
  expect(Object.keys(said[1]?.seen ?? {}).length).toBeGreaterThan(0)
  const { size, leased, settled } = await queue.stat()
  expect([size, leased, settled]).toEqual([0, 0, 2 * ITEMS])
  await Promise.all([...producers, ...consumers].map(exit))
}, 120_000)
