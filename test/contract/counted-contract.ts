import { type QueueContract, queueContract } from 'queuelink/testing'
import { afterAll, describe, expect, it } from 'vitest'

/** Runs the contract over one kind, and says in one line how many of its tests passed, and why others were skipped. */
export function countedContract(
  name: string,
  { make, capabilities }: Pick<QueueContract, 'make' | 'capabilities'>,
): void {
  describe(name, () => {
    let all = 0
    let passed = 0
    const skipped = new Map<string, number>()
    const test = (title: string, body: () => Promise<void>): void => {
      all++
      it(title, async () => {
        await body()
        passed++
      })
    }
    const skip = (title: string, body: () => Promise<void>): void => {
      const reason = /\(skipped: (.*)\)$/.exec(title)?.[1] ?? 'no reason'
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
      it.skip(title, body)
    }
    queueContract({ make, capabilities, describe, it: Object.assign(test, { skip }), expect })
    afterAll(() => {
      const reasons = [...skipped].map(([reason, count]) => `; ${count} skipped: ${reason}`).join('')
      console.log(`${name}: ${passed} of ${all} tests pass${reasons}`)
    })
  })
}
