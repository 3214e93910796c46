import { randomUUID } from 'node:crypto'
import { type SharedQueueOptions, sharedQueue } from 'queuelink'
import { queueContract } from 'queuelink/testing'
import { describe, expect, it } from 'vitest'

for (const joinable of [false, true]) {
  describe(`sharedQueue, joinable: ${joinable}`, () => {
    const capabilities = { sync: true, joinable, order: 'fifo', process: 'any' } as const
    const make = <T>(o: SharedQueueOptions<T>) => sharedQueue<T>(`contract-${randomUUID()}`, { bytes: 1 << 20, ...o })
    queueContract({ make, capabilities, describe, it, expect })
  })
}
