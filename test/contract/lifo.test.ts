import { lifoQueue } from 'queuelink'
import { queueContract } from 'queuelink/testing'
import { describe, expect, it } from 'vitest'

for (const joinable of [false, true]) {
  describe(`lifoQueue, joinable: ${joinable}`, () => {
    const capabilities = { sync: true, joinable, order: 'lifo', process: 'own' } as const
    queueContract({ make: lifoQueue, capabilities, describe, it, expect })
  })
}
