import { expect, it } from 'vitest'
import { Pace } from '#src/os/pace'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

it('allows the first ring of a turn, and does at its end what was put off [Q13.13]', async () => {
  let done = 0
  const pace = new Pace(() => done++)
  expect([pace.allows, pace.allows]).toEqual([true, true])
  pace.done()
  // Hundreds of looks within the half millisecond, unless this thread was kept from running meanwhile.
  let refused = 0
  for (let n = 0; n < 10; n++) if (!pace.allows) refused++
  expect([refused > 0, done]).toEqual([true, 0])
  await turn()
  expect([done, pace.allows]).toEqual([1, true])
  pace.stop()
  await turn()
  expect(done).toBe(1)
})
