import { fifoQueue } from 'queuelink'
import { queueContract } from 'queuelink/testing'
import { describe, expect, it } from 'vitest'

for (const joinable of [false, true]) {
  describe(`fifoQueue, joinable: ${joinable}`, () => {
    const capabilities = { sync: true, joinable, order: 'fifo', process: 'own' } as const
    queueContract({ make: fifoQueue, capabilities, describe, it, expect })
  })
}
