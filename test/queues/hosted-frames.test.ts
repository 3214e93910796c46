import { randomBytes } from 'node:crypto'
import { fifoQueue, type HostedQueue, hostQueue, type Queue } from 'queuelink'
import { afterEach, expect, it } from 'vitest'
import { turns } from './help.js'
import { putOf, RawClient } from './raw-client.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: HostedQueue<never>[] = []
let path = ''

afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.close()
})

async function host<T>(queue: Queue<T>): Promise<HostedQueue<T>> {
  path = newPath()
  const hosted = await hostQueue(queue, path, { token: 't' })
  opened.push(hosted as unknown as HostedQueue<never>)
  return hosted
}

it('answers a put that is repeated over another connection as it did before, and stores nothing twice [H6]', async () => {
  const hosted = await host(fifoQueue<number>())
  const client = randomBytes(16)
  const first = new RawClient(path, 't', client)
  expect(await first.next('welcome')).toMatchObject({ stored: 0 })
  const puts = [putOf(1, 7), { ...putOf(2), parcel: Uint8Array.of(1, 2, 3) }, putOf(3, 8, 9)]
  first.say(...puts)
  expect(await first.next('failed')).toMatchObject({ number: 2, error: { code: 'ERR_CODEC' } })
  expect(await first.next('stored')).toMatchObject({ number: 3 })
  await first.leave()

  const again = new RawClient(path, 't', client)
  expect(await again.next('welcome')).toMatchObject({ stored: 3 })
  again.say(...puts)
  expect(await again.next('failed')).toMatchObject({ number: 2, error: { code: 'ERR_CODEC' } })
  again.say(putOf(4, 10))
  expect(await again.next('stored')).toMatchObject({ number: 4 })
  expect(await hosted.getBatch(10)).toEqual([7, 8, 9, 10])
  await again.leave()
})

it('says that a put is stored when it is, and lets one that waited for room be repeated [H5] [H6]', async () => {
  const hosted = await host(fifoQueue<number>({ capacity: 1 }))
  const client = randomBytes(16)
  const first = new RawClient(path, 't', client)
  first.say(putOf(1, 1), putOf(2, 2))
  expect(await first.next('stored')).toMatchObject({ number: 1 })
  await first.leave()
  while (hosted.connections > 0) await turns(1)
  // Nobody puts it any more.
  expect([await hosted.get(), hosted.size]).toEqual([1, 0])

  const again = new RawClient(path, 't', client)
  expect(await again.next('welcome')).toMatchObject({ stored: 1 })
  again.say(putOf(1, 1), putOf(2, 2), putOf(3, 3))
  expect(await again.next('stored')).toMatchObject({ number: 2 })
  expect([hosted.size, await hosted.get()]).toEqual([1, 2])
  expect(await again.next('stored')).toMatchObject({ number: 3 })
  await again.leave()
})

it('gives a client no more than it wants, whatever it says to have seen [H4]', async () => {
  const hosted = await host(fifoQueue<number>())
  await hosted.putBatch([1, 2, 3, 4, 5])
  const client = new RawClient(path, 't')
  const want = { type: 'want', room: false, rest: false }
  client.say({ ...want, items: 2, seen: 1000 })
  expect((await client.next('items')).seqs).toHaveLength(2)
  client.say({ ...want, items: 1, seen: 0 }, { type: 'ask', number: 1, what: 'refresh' })
  await client.next('answer')
  expect((await hosted.stat()).leased).toBe(2)
  // One more than the two that came.
  client.say({ ...want, items: 1, seen: 2 })
  expect(await client.next('items')).toMatchObject({ first: 3, attempts: 0 })
  expect((await hosted.stat()).leased).toBe(3)
  await client.leave()
  while (hosted.connections > 0) await turns(1)
  expect(await hosted.getBatch(10)).toEqual([1, 2, 3, 4, 5])
})

it('settles what a client says, once, and counts its hand-overs when it has gone [H7] [Q6.4]', async () => {
  const hosted = await host(fifoQueue<number>())
  await hosted.putBatch([1, 2, 3, 4])
  const client = new RawClient(path, 't')
  client.say({ type: 'want', items: 4, seen: 0, room: false, rest: false })
  await client.next('items')
  const settle = {
    type: 'settle',
    acked: [1, 1, 99],
    back: [
      [2, 5, 0],
      [1, 1, 0],
      [99, 1, 0],
    ],
    handed: [3, 1, 99],
  }
  client.say(settle, { type: 'ask', number: 1, what: 'stat' })
  expect((await client.next('answer')).value).toMatchObject({ size: 1, leased: 2 })
  await client.leave()
  while (hosted.connections > 0) await turns(1)
  const deliveries = [await hosted.receive(), await hosted.receive(), await hosted.receive()]
  expect(deliveries.map(({ value, attempt }) => [value, attempt])).toEqual([
    [2, 6],
    [3, 2],
    [4, 1],
  ])
})
