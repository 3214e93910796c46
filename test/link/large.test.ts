import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fifoQueue, link, step } from 'queuelink'
import { expect, it } from 'vitest'
import { childOf, leavesNothing, memoryOf, range, STEPS, spillDirectories, take, until } from './help.js'

leavesNothing()

const MiB = 1024 * 1024

it('[S1][S3] brings 64 MiB across a child, as a string, a Buffer and inside an object', {
  timeout: 60_000,
}, async () => {
  const source = fifoQueue<unknown>()
  const destination = fifoQueue<unknown>()
  const bytes = Buffer.alloc(64 * MiB)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  const text = 'ä-0123456789'.repeat((64 * MiB) / 12)
  await using _link = link(source, destination, { placement: 'process' })
  for (const value of [text, bytes, { list: [1, { bytes }], name: 'inside' }]) {
    await source.put(value)
    const got = await destination.get({ timeout: 30_000 })
    if (typeof value === 'string') expect(got === value).toBe(true)
    else if (Buffer.isBuffer(value)) expect(value.equals(got as Buffer)).toBe(true)
    else {
      const { list, name } = got as { list: [number, { bytes: Buffer }]; name: string }
      expect([list[0], name, bytes.equals(list[1].bytes)]).toEqual([1, 'inside', true])
    }
  }
  const [directory = 'none'] = spillDirectories()
  await until(() => readdirSync(join(tmpdir(), directory)).length === 0)
})

it('[P46] has only so many bytes out: 50 values of 8 MiB', { timeout: 60_000 }, async () => {
  const source = fifoQueue<{ id: number; payload: Buffer }>()
  const destination = fifoQueue<{ id: number; payload: Buffer }>({ capacity: 1 })
  const payload = Buffer.alloc(8 * MiB, 1)
  for (const id of range(0, 50)) await source.put({ id, payload })
  await using linked = link(source, destination, { placement: 'process' })
  const pid = await childOf(linked)
  let most = 0
  let spilled = 0
  const timer = setInterval(() => {
    most = Math.max(most, memoryOf(pid))
    spilled = Math.max(spilled, ...spillDirectories().map(name => readdirSync(join(tmpdir(), name)).length))
  }, 5)
  for (const id of range(0, 50)) expect((await destination.get({ timeout: 15_000 })).id).toBe(id)
  clearInterval(timer)
  // What is out in either direction: 8 MiB and one value, with room for the collector.
  expect(spilled).toBeLessThanOrEqual(6)
  expect(most).toBeLessThan(400)
})

it('[P46] mixes large and small values, in order, in both directions', async () => {
  const source = fifoQueue<string>()
  const destination = fifoQueue<string>()
  const words = range(0, 200).map(n => `${n}:`.padEnd(n % 10 === 0 ? 150_000 : 20, 'x'))
  await source.putBatch(words)
  await using _link = link(source, destination, { placement: 'process', each: step(STEPS, 'upper') })
  expect(await take(destination, 200)).toEqual(words.map(word => word.toUpperCase()))
})
