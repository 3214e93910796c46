import { DeadlockError, fifoQueue } from 'queuelink'
import { expect, it } from 'vitest'
import { codeOf, turns } from './help.js'

it('knows a join inside its handler across awaits, timers and helpers [P17] [Q15.6]', async () => {
  const queue = fifoQueue<number>({ joinable: true })
  const errors: unknown[] = []
  const helper = async () => {
    await new Promise(resolve => setTimeout(resolve, 1))
    await queue.join()
  }
  const done = queue.consume(async () => {
    await turns(1)
    await helper().catch(error => errors.push(error))
  })
  queue.putNowait(1)
  await queue.join()
  await queue.shutdown()
  await done
  expect(errors[0]).toBeInstanceOf(DeadlockError)
})

it('knows it through the handler of another queue inside [P17] [Q15.6]', async () => {
  const outer = fifoQueue<number>({ joinable: true })
  const inner = fifoQueue<number>({ joinable: true })
  const codes: unknown[] = []
  const done = outer.consume(async () => {
    const working = inner.consume(async () => {
      codes.push(await codeOf(outer.join()), await codeOf(inner.join()))
    })
    inner.putNowait(1)
    await inner.shutdown()
    await working
  })
  outer.putNowait(1)
  await outer.shutdown()
  await done
  expect(codes).toEqual(['ERR_DEADLOCK', 'ERR_DEADLOCK'])
})

it('works as in Python: producers, workers, join [P13] [P17]', async () => {
  const queue = fifoQueue<number>({ capacity: 4, joinable: true })
  let sum = 0
  const worker = async () => {
    for await (const item of queue) {
      await turns(1)
      sum += item
      queue.taskDone()
    }
  }
  const workers = [worker(), worker(), worker()]
  for (let i = 1; i <= 100; i++) await queue.put(i)
  await queue.join()
  expect(sum).toBe(5050)
  await queue.shutdown()
  await Promise.all(workers)
})

it('does not join while an item rests or is delayed [Q15.3]', async () => {
  const queue = fifoQueue<number>({ joinable: true })
  await queue.put(1, { delay: 5 })
  let joined = false
  const joining = queue.join().then(() => {
    joined = true
  })
  const delivery = await queue.receive()
  await delivery.nack()
  await turns(1)
  expect(joined).toBe(false)
  await queue.get()
  queue.taskDone()
  await joining
})
