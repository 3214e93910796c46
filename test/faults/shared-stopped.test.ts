import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ended, heard, open, start } from '../queues/shared/users.js'

const script = fileURLToPath(new URL('../fixtures/shared-mortal.js', import.meta.url))

it('is not held up by a consumer that is stopped with the oldest lease, whose late ack counts (Q12.6)', async () => {
  const queue = await open<Buffer>(undefined, { bytes: 65_536, capacity: 100 })
  await queue.putBatch([Buffer.from('a'), Buffer.from('b')])
  const child = start('hold', queue.name, 2)
  await heard(child, 'held')
  child.kill('SIGSTOP')
  // Three rings' worth of bytes, and many times the descriptors.
  for (let n = 0; n < 1000; n++) {
    const sent = Buffer.alloc(300, n)
    await queue.put(sent)
    expect((await queue.get()).equals(sent)).toBe(true)
  }
  child.kill('SIGCONT')
  const acked = heard<number>(child, 'acked')
  child.send('ack')
  expect(await acked).toBe(2)
  // An ack is in the memory at the end of its turn.
  while ((await queue.stat()).settled !== 1002) await pause(1)
  const { leased, bytes } = await queue.stat()
  expect([leased, bytes]).toEqual([0, 0])
})

it('waits for a holder of the lock that is stopped, says who it is, and goes on when it does (Q12.6)', async () => {
  const queue = await open<unknown>(undefined, { capacity: 100 })
  await queue.put(0)
  const child = fork(script, [queue.name, 'in take', '2', 'stops'])
  child.on('message', () => {})
  try {
    while (!/^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'))) await pause(5)
    for (const call of [() => queue.putNowait(1), () => queue.getNowait(), () => queue.peek()]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_LOCKED', message: pid(child.pid) }))
    }
    await expect(queue.put(1, { timeout: 0 })).rejects.toMatchObject({ code: 'ERR_QUEUE_LOCKED' })
    await expect(queue.put(1, { timeout: 20 })).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' })
    let stored = false
    const put = queue.put('after').then(() => {
      stored = true
    })
    const before = process.cpuUsage()
    await pause(300)
    const { user, system } = process.cpuUsage(before)
    expect([stored, user + system < 150_000]).toEqual([false, true])
    child.kill('SIGCONT')
    await put
    expect(queue.size).toBeGreaterThan(0)
  } finally {
    await ended(child)
  }
})

it('goes on at once when a stopped holder of the lock is killed (Q12.6)', async () => {
  const queue = await open<unknown>(undefined, { capacity: 100 })
  await queue.put(0)
  const child = fork(script, [queue.name, 'in take', '2', 'stops'])
  child.on('message', () => {})
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'))) await pause(5)
  const put = queue.put('after')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await put
  const { size, leased } = await queue.stat()
  expect([size, leased]).toEqual([7, 0])
})

function pid(of: number | undefined): unknown {
  return expect.stringContaining(`process ${of}`)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
