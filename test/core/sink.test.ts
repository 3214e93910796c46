import { fifoQueue } from 'queuelink'
import { merge, Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { codeOf, turns } from '#src/testing/contract/kit'

it('gives back what waits for room when a sink is withdrawn, and fails by what has nowhere to go [Q8.4] [Q9.5] [L44]', async () => {
  const to = fifoQueue<number>({ capacity: 1 })
  const from = fifoQueue<number>()
  const values = new Subject<number>()
  const sink = to.sink()
  merge(from, values).subscribe(sink)
  for (const item of [1, 2, 3]) from.putNowait(item)
  expect([(await to.stat()).waitingPuts, (await from.stat()).leased]).toEqual([2, 2])
  const enough = new Error('enough')
  sink.withdraw(enough)
  await sink.done
  await turns()
  expect([(await to.stat()).waitingPuts, (await from.stat()).leased, from.size, to.size]).toEqual([0, 0, 2, 1])
  // Its place is free for others, and what was withdrawn does not come after all.
  const put = to.put(4)
  expect([to.getNowait(), await put, to.getNowait(), to.size]).toEqual([1, undefined, 4, 0])

  const other = to.sink()
  other.next(5)
  other.next(6)
  other.withdraw(enough)
  expect([(await to.stat()).waitingPuts, to.metrics().refused]).toEqual([0, 1])
  await other.done.catch(() => {})
  expect(await codeOf(to.put(7, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
})
