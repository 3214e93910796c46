import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../help.js'
import { open, run, scratch } from './help.js'
import { newSection } from './parts.js'
import { offer, openStore } from './stores.js'

it('takes over from the dead, also while another is in the section [Q6.3] [Q6.4] [Q13.6]', async () => {
  const path = join(scratch(), 'queue')
  const queue = await open<number>(path)
  await queue.putBatch([1, 2, 3])
  const holder = run('durable-user.js', 'hold', path, '2')
  expect(JSON.parse(await holder.line())).toEqual([1, 2])
  const { arena } = newSection(path)
  holder.child.kill('SIGKILL')
  await holder.ended
  expect(queue.size).toBe(1)
  arena.enter()
  const opening = open<number>(path)
  let isOpen = false
  void opening.then(() => (isOpen = true))
  await new Promise(resolve => setTimeout(resolve, 60))
  expect(isOpen).toBe(false)
  arena.leave()
  const again = await opening
  await until(() => queue.size === 3)
  expect([again.size, (await again.stat()).leased]).toEqual([3, 0])
  const delivery = await again.receive()
  expect([delivery.value, delivery.attempt]).toEqual([1, 2])
})

it('goes on storing when who compacted has died [Q6.3] [Q12.6]', async () => {
  const path = join(scratch(), 'queue')
  const queue = await open<number>(path)
  const holder = run('durable-user.js', 'hold', path, '0')
  await holder.line()
  const { arena, ledger } = newSection(path)
  const { slot } = arena.participants().find(({ pid }) => pid === holder.child.pid)!
  ledger.compacting = slot
  let isStored = false
  const stored = queue.put(1).then(() => (isStored = true))
  await new Promise(resolve => setTimeout(resolve, 30))
  expect(isStored).toBe(false)
  holder.child.kill('SIGKILL')
  await stored
  expect([ledger.compacting, ledger.generation, await queue.get()]).toEqual([-1, 0, 1])
})

it('gives back what a handle held that is closed, and settles what it had settled [Q6.4] [Q6.5]', async () => {
  const path = join(scratch(), 'queue')
  const [one, other] = [await openStore<number>(path), await openStore<number>(path)]
  offer(one, [1, 2, 3])
  one.store.storeNow()
  const [first, second] = one.store.take(2, 1)
  first!.attempt++
  one.store.handedOver(first!)
  one.store.ack(second!)
  one.store.storeNow()
  await one.store.close()
  expect([other.store.ready, other.store.leased, one.store.ack(first!)]).toEqual([2, 0, false])
  expect(other.store.take(9, 1).map(({ value, attempt }) => [value, attempt])).toEqual([
    [1, 1],
    [3, 0],
  ])
})
