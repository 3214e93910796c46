import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Section } from '#src/queues/durable/section'
import { arenaOptions, type DurableStoreOptions } from '#src/queues/durable/store-options'
import { codeOf } from '../help.js'
import { open, scratch } from './help.js'

it('says of a call that cannot wait that the queue is locked, not that it is empty or full [Q13.6]', async () => {
  const path = join(scratch(), 'queue')
  const queue = await open<string>(path)
  await queue.putBatch(['a', 'b'])
  const nothing = (): void => {}
  const user = { repair: nothing, reap: nothing, news: nothing, unlocked: nothing, ending: nothing }
  const { arena } = new Section(
    arenaOptions({ leases: join(path, 'leases'), what: path } as DurableStoreOptions),
    () => user,
  )
  expect(arena.enter()).toBe(true)
  const locked = expect.objectContaining({
    code: 'ERR_QUEUE_LOCKED',
    message: expect.stringContaining(`${process.pid}`),
  })
  for (const call of [() => queue.getNowait(), () => queue.putNowait('c'), () => queue.peek()])
    expect(call).toThrow(locked)
  for (const call of [queue.get({ timeout: 0 }), queue.getBatch(2, { timeout: 0 }), queue.put('c', { timeout: 0 })])
    expect(await codeOf(call)).toBe('ERR_QUEUE_LOCKED')
  const waiting = queue.get()
  arena.leave()
  expect(await waiting).toBe('a')
  expect(queue.getNowait()).toBe('b')
  arena.close()
})
