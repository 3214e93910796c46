import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type SyncQueue, sharedQueue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { sharedPath } from '#src/queues/shared/shared-place'

const READER = fileURLToPath(new URL('../fixtures/read-shared-queue.py', import.meta.url))
const python = await promisify(execFile)('python3', ['--version']).catch(() => undefined)

let queue: SyncQueue<unknown>
const name = `layout-${randomUUID()}`

async function read(): Promise<{ position: number; state: string; attempts: number; value: unknown }[]> {
  const { stdout } = await promisify(execFile)('python3', [READER, sharedPath(name)])
  return stdout
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

afterEach(() => queue.unlink())

describe('the layout in docs/shared-memory-layout.md', () => {
  it.skipIf(!python)('tells a reader in another language what a queue holds (needs python3)', async () => {
    queue = await sharedQueue(name, { capacity: 16, bytes: 65_536 })
    const objects = [
      { id: 1, name: 'é', tags: ['a'] },
      { id: 200, name: '字', tags: [] },
      { id: -5, deep: { n: 1.5 } },
    ]
    await queue.putBatch(objects)
    for (const single of ['text', 70, [1, null, true], 'x'.repeat(300)]) await queue.put(single)
    const held = await queue.receive()
    await (await queue.receive()).nack({ delay: 60_000 })
    await queue.get()
    await new Promise(resolve => setImmediate(resolve))
    expect(await read()).toMatchObject([
      { position: 0, state: 'leased', attempts: 1, value: objects[0] },
      { position: 1, state: 'delayed', attempts: 1, value: objects[1] },
      { position: 3, state: 'ready', attempts: 0, value: 'text' },
      { position: 4, value: 70 },
      { position: 5, value: [1, null, true] },
      { position: 6, value: 'x'.repeat(300) },
    ])
    await held.nack()
  })

  it.skipIf(!python)('holds when the ring has wrapped and its slots were used again (needs python3)', async () => {
    queue = await sharedQueue(name, { capacity: 32, bytes: 4096 })
    for (let n = 0; n < 3000; n += 5) {
      await queue.putBatch(Array.from({ length: 5 }, (_, at) => ({ n: n + at, pad: '.'.repeat((n * 7) % 40) })))
      if (n > 10) await queue.getBatch(5)
    }
    await new Promise(resolve => setImmediate(resolve))
    const found = await read()
    expect(found.map(({ value }) => (value as { n: number }).n)).toEqual(Array.from({ length: 15 }, (_, n) => 2985 + n))
    expect(found.map(({ position }) => position)).toEqual(Array.from({ length: 15 }, (_, n) => 2985 + n))
  })
})
