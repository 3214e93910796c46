import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommonOptions, durableQueue } from 'queuelink'
import { queueContract } from 'queuelink/testing'
import { describe, expect, it } from 'vitest'

for (const joinable of [false, true]) {
  describe(`durableQueue, joinable: ${joinable}`, () => {
    const capabilities = { sync: true, joinable, order: 'fifo', process: 'any', priorities: true, keys: true } as const
    // Half of them with each durability.
    const durability = joinable ? 'async' : 'sync'
    const make = <T>(o: CommonOptions<T>) =>
      durableQueue<T>(mkdtempSync(join(tmpdir(), 'queuelink-durable-')), { ...o, durability })
    queueContract({ make, capabilities, describe, it, expect })
  })
}
