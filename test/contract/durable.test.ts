import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommonOptions, durableQueue } from 'queuelink'
import { afterAll } from 'vitest'
import { countedContract } from './counted-contract.js'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-durable-'))
let made = 0

afterAll(() => rmSync(directory, { recursive: true }))

for (const joinable of [false, true]) {
  const capabilities = { sync: true, joinable, order: 'fifo', process: 'any', priorities: true, keys: true } as const
  // Half of them with each durability.
  const durability = joinable ? 'async' : 'sync'
  const make = <T>(o: CommonOptions<T>) => durableQueue<T>(join(directory, `${++made}`), { ...o, durability })
  countedContract(`durableQueue, joinable: ${joinable}`, { make, capabilities })
}
