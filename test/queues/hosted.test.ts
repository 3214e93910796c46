import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AddressLike,
  connectQueue,
  fifoQueue,
  type HostedQueue,
  type HostOptions,
  hostQueue,
  link,
  openQueue,
  type Queue,
} from 'queuelink'
import { firstValueFrom, take, toArray } from 'rxjs'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-hosted-'))
const opened: { close(): Promise<void> }[] = []
let made = 0

afterEach(async () => {
  for (const queue of opened.splice(0).reverse()) await queue.close()
})

afterAll(() => rmSync(directory, { recursive: true }))

const path = () => join(directory, `${++made}.sock`)

async function host<T>(queue: Queue<T>, o?: HostOptions): Promise<HostedQueue<T>> {
  const hosted = await hostQueue(queue, path(), o)
  opened.push(hosted)
  return hosted
}

async function client<T>({ address, token }: HostedQueue<T>): Promise<Queue<T>> {
  const queue = await connectQueue<T>(address, { token })
  opened.push(queue)
  return queue
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    error => error.code ?? error,
  )

describe('a hosted queue', () => {
  it('ends its clients when its hosting ends, and stays open itself [H11]', async () => {
    const queue = fifoQueue<number>()
    const hosted = await host(queue)
    const far = await client(hosted)
    await far.putBatch([1, 2])
    const [held] = [await far.receive(), await far.receive()]
    const waiting = codeOf(far.join())
    const reading = codeOf(far.consume(() => {}))
    await hosted.close()
    expect([await waiting, await reading, await codeOf(far.put(3))]).toEqual([
      'ERR_NOT_JOINABLE',
      'ERR_QUEUE_CLOSED',
      'ERR_QUEUE_CLOSED',
    ])
    expect([await codeOf(held.ack()), await queue.get(), await queue.get()]).toEqual(['ERR_LEASE_LOST', 1, 2])
  })

  it('ends its clients when it is closed itself [H11]', async () => {
    const queue = fifoQueue<number>()
    const far = await client(await host(queue))
    const waiting = codeOf(far.get())
    while ((await queue.stat()).wanting === 0) await new Promise(resolve => setImmediate(resolve))
    await queue.close()
    expect(await waiting).toBe('ERR_QUEUE_CLOSED')
  })

  it('keeps nothing of a put that timed out, or was aborted, while it waited there for room [Q13.5] [Q13.9]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 1 }))
    const far = await client(hosted)
    // The client has not heard that the queue is full.
    await hosted.put(1)
    expect(await codeOf(far.put(2, { timeout: 20 }))).toBe('ERR_QUEUE_FULL')
    await far.get()
    await hosted.put(1)
    const abort = new AbortController()
    const aborted = codeOf(far.put(3, { signal: abort.signal }))
    setTimeout(() => abort.abort('enough'), 5)
    expect(await aborted).toBe('enough')
    expect([await hosted.get(), hosted.size]).toEqual([1, 0])
  })

  it('tries once with what the host knows, not with what it said last [Q13.6]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 1 }))
    const far = await client(hosted)
    await far.put(1)
    await hosted.get()
    await far.put(2, { timeout: 0 })
    await hosted.get()
    await hosted.put(3)
    expect(await codeOf(far.put(4, { timeout: 0 }))).toBe('ERR_QUEUE_FULL')
    expect(await far.get({ timeout: 0 })).toBe(3)
    expect(await codeOf(far.get({ timeout: 0 }))).toBe('ERR_QUEUE_EMPTY')
  })

  it('moves everything between clients that fill and empty it at the same time [Q11.1]', async () => {
    const hosted = await host(fifoQueue<number>({ capacity: 100 }))
    const [producer, consumer] = [await client(hosted), await client(hosted)]
    const total = 5000
    const seen = firstValueFrom(consumer.pipe(take(total), toArray()))
    const puts: Promise<void>[] = []
    for (let n = 0; n < total; n += 50) puts.push(producer.putBatch(Array.from({ length: 50 }, (_, i) => n + i)))
    await Promise.all(puts)
    expect(await seen).toEqual(Array.from({ length: total }, (_, n) => n))
  })

  it('serves the items of its clients in the order of each, to each once [Q1.1] [Q2.1]', async () => {
    const hosted = await host(fifoQueue<[who: number, n: number]>({ capacity: 64 }))
    const producers = await Promise.all([1, 2, 3].map(() => client(hosted)))
    const consumers = await Promise.all([1, 2].map(() => client(hosted)))
    const seen: [number, number][][] = consumers.map(() => [])
    for (const [at, consumer] of consumers.entries())
      void consumer.consume(item => void seen[at]?.push(item)).catch(() => {})
    await Promise.all(
      producers.map(async (producer, who) => {
        for (let n = 0; n < 200; n++) await producer.put([who, n])
      }),
    )
    while (seen.flat().length < 600) await new Promise(resolve => setImmediate(resolve))
    for (const items of seen) {
      for (const who of [0, 1, 2]) {
        const order = items.filter(([of]) => of === who).map(([, n]) => n)
        expect(order).toEqual([...order].sort((a, b) => a - b))
      }
    }
    expect(new Set(seen.flat().map(String)).size).toBe(600)
  })

  it('answers more questions at once than it takes at a time [H4] [Q11.6]', async () => {
    const hosted = await host(fifoQueue<number>())
    const far = await client(hosted)
    await far.putBatch([1, 2])
    const held = await far.receive()
    const stats = await Promise.all(Array.from({ length: 1500 }, () => far.stat()))
    expect(new Set(stats.map(({ size }) => size))).toEqual(new Set([1]))
    // Nobody was cut off for it.
    await held.ack()
    expect((await far.stat()).leased).toBe(0)
  })

  it('is put more bytes at once than may be on their way, and stores all of them in order [H4] [Q1.1]', async () => {
    const hosted = await host(fifoQueue<Buffer>())
    const far = await client(hosted)
    const puts = Array.from({ length: 12 }, (_, n) => far.put(Buffer.alloc(1 << 20, n)))
    await Promise.all(puts)
    const seen: number[] = []
    while (seen.length < 12) seen.push(...(await far.getBatch(5)).map(item => item[item.length - 1] as number))
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => n))
  })

  it('gives back what arrives when nobody wants it any more [Q6.1] [Q13.9]', async () => {
    const hosted = await host(fifoQueue<number>())
    const [far, other] = [await client(hosted), await client(hosted)]
    const abort = new AbortController()
    const got = codeOf(far.get({ signal: abort.signal }))
    while ((await hosted.stat()).wanting === 0) await new Promise(resolve => setImmediate(resolve))
    abort.abort('enough')
    await hosted.put(7)
    expect([await got, await other.get({ timeout: 5000 })]).toEqual(['enough', 7])
  })

  it('is shut down from the call on, for the client that does so [Q10.4]', async () => {
    const far = await client(await host(fifoQueue<number>({ capacity: 100 })))
    const seen: boolean[] = []
    for (let n = 0; n < 20; n++) {
      void far.put(n)
      await new Promise(resolve => setImmediate(resolve))
    }
    let isDone = false
    const done = far.shutdown().then(() => (isDone = true))
    while (!isDone) {
      seen.push(far.closed)
      await new Promise(resolve => setImmediate(resolve))
    }
    await done
    expect([...new Set(seen), far.closed]).toEqual([true, true])
  })

  it('keeps the connection of a client that has nothing to say [H4] [H7]', async () => {
    const hosted = await host(fifoQueue<number>(), { deadline: 200 })
    const far = await client(hosted)
    await far.put(1)
    const held = await far.receive()
    await new Promise(resolve => setTimeout(resolve, 700))
    await held.ack()
    expect((await far.stat()).leased).toBe(0)
  })

  it('tells the readers of a client of an item that is a little too large for its frames, and keeps it [H10]', async () => {
    const frameLimit = 1 << 18
    const queue = fifoQueue<Buffer>()
    const far = await client(await host(queue, { frameLimit }))
    await queue.put(Buffer.alloc(frameLimit - 1000))
    expect(await codeOf(far.get({ timeout: 5000 }))).toBe('ERR_ITEM_TOO_LARGE')
    expect(queue.size).toBe(1)
  })

  it('applies its own attempts, dead letters and schema to its clients [H12]', async () => {
    const dead = fifoQueue<number>()
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value } : { issues: [{ message: 'a number, please' }] },
      },
    }
    const hosted = await host(fifoQueue<number>({ maxAttempts: 2, deadLetter: dead, schema }))
    const far = await client(hosted)
    expect(await codeOf(far.put('seven' as unknown as number))).toBe('ERR_SCHEMA')
    await far.put(7)
    void far.consume(() => Promise.reject(new Error('no'))).catch(() => {})
    const letter = await dead.receive()
    expect([letter.value, letter.headers['x-attempts'], letter.headers['x-reason']]).toEqual([7, '2', 'Error: no'])
    while ((await hosted.stat()).leased > 0) await new Promise(resolve => setImmediate(resolve))
    expect(hosted.size).toBe(0)
  })

  it('is an endpoint of a link that runs in another process [L24]', async () => {
    const from = await client(await host(fifoQueue<number>()))
    const to = await host(fifoQueue<number>())
    const moving = link(from, await client(to), { placement: 'process' })
    await from.putBatch([1, 2, 3])
    expect([await to.get(), await to.get(), await to.get()]).toEqual([1, 2, 3])
    await moving.stop()
  })

  it('is opened by the descriptor of its host and of its clients', async () => {
    const hosted = await host(fifoQueue<number>())
    const far = await client(hosted)
    expect(far.descriptor()).toEqual(hosted.descriptor())
    const again = await openQueue<number>(far.descriptor())
    opened.push(again)
    await again.put(1)
    expect(await hosted.get()).toBe(1)
  })

  it('listens on this machine alone unless it is told otherwise [H1]', async () => {
    const hosted = await hostQueue(fifoQueue<number>(), 'tcp:0')
    opened.push(hosted)
    expect(hosted.address).toMatch(/^tcp:127\.0\.0\.1:\d+$/)
    expect(await codeOf(hostQueue(fifoQueue<number>(), hosted.address))).toBe('ERR_QUEUE_EXISTS')
  })

  const made = spawnSync('openssl', ['version']).status === 0
  it.skipIf(!made)('speaks TLS [H1] (skipped: openssl is not there to make a certificate)', async () => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes']
    spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, '-out', cert, ...subject])
    const hosted = await hostQueue(fifoQueue<string>(), 'tcp:0', {
      tls: { key: readFileSync(key), cert: readFileSync(cert) },
    })
    opened.push(hosted)
    const { address, token } = hosted
    const far = await connectQueue<string>(address, { token, tls: { ca: readFileSync(cert) } })
    opened.push(far)
    await far.put('secret')
    expect(await hosted.get()).toBe('secret')
    expect(await codeOf(connectQueue(address, { token, tls: {} }))).toBe('ERR_CONNECTION')
  })

  it.each<[AddressLike, string]>([
    ['tcp:nowhere', 'no port'],
    ['tcp:localhost:70000', 'a port that cannot be'],
    ['', 'nothing'],
    [7 as unknown as string, 'a number'],
    [{} as { path: string }, 'an empty object'],
  ])('refuses %j as an address: %s [Q16.5]', async address => {
    expect(await codeOf(hostQueue(fifoQueue(), address))).toBe('ERR_OPTION')
  })

  it.each<[HostOptions, string]>([
    [{ token: '' }, 'token'],
    [{ connections: 0 }, 'connections'],
    [{ frameLimit: 10 }, 'frameLimit'],
    [{ deadline: -1 }, 'deadline'],
  ])('refuses the options %j [Q16.5]', async (o, name) => {
    const error = await hostQueue(fifoQueue(), path(), o).catch(error => error)
    expect([error.code, error.message.startsWith(name)]).toEqual(['ERR_OPTION', true])
  })
})
