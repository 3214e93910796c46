import { type ChildProcess, fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { connectQueue, fifoQueue, type HostedQueue, hostQueue, openQueue, type Queue, sharedQueue } from 'queuelink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encode } from '#src/core/codec'
import { fuzzHost } from '../fuzz/fuzz-host.js'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url))
const children: ChildProcess[] = []
const open: (Queue<never> | HostedQueue<never>)[] = []
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'queuelink-hosted-'))
})

afterEach(async () => {
  for (const queue of open.splice(0).reverse()) await queue.close()
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true })
})

const kept = <Q extends { close(): Promise<void> }>(queue: Q): Q => {
  open.push(queue as never)
  return queue
}

const socketPath = () => join(directory, 'q.sock')

async function start(name: string, ...args: string[]): Promise<ChildProcess> {
  const child = fork(fixture(name), args)
  children.push(child)
  await once(child, 'message')
  return child
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    error => error.code ?? error,
  )

/** What a client says first. */
function helloOf(token: string): Buffer {
  return framed(Buffer.concat([Buffer.from('QLNK\x01'), randomBytes(16), Buffer.from(token)]))
}

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('a connection to a hosted queue that is lost', () => {
  /** A client's connections go through here, so that they can be cut. */
  async function tunnel(path: string): Promise<{ address: string; cut: () => void; close: () => Promise<void> }> {
    const pairs = new Set<Socket>()
    const server = createServer(near => {
      const far = connect(path)
      for (const socket of [near, far]) {
        pairs.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          pairs.delete(socket)
          near.destroy()
          far.destroy()
        })
      }
      near.pipe(far)
      far.pipe(near)
    })
    const at = join(directory, 'tunnel.sock')
    await new Promise<void>(resolve => server.listen(at, resolve))
    return {
      address: at,
      cut: () => {
        for (const socket of pairs) socket.destroy()
      },
      close: async () => {
        server.close()
        for (const socket of pairs) socket.destroy()
      },
    }
  }

  it('is made again, and no put is lost or stored twice while the host lives [H5] [H6]', async () => {
    const queue = fifoQueue<number>()
    const host = kept(await hostQueue(queue, socketPath(), { token: 't' }))
    const way = await tunnel(socketPath())
    const client = kept(await connectQueue<number>(way.address, { token: 't' }))
    const total = 3000
    const cutting = setInterval(way.cut, 7)
    const puts: Promise<void>[] = []
    for (let n = 0; n < total; n++) {
      puts.push(client.put(n))
      if (n % 50 === 0) await new Promise(resolve => setTimeout(resolve, 1))
    }
    await Promise.all(puts)
    clearInterval(cutting)
    expect(host.size).toBe(total)
    expect(await queue.getBatch(total)).toEqual(Array.from({ length: total }, (_, n) => n))
    await client.close()
    await way.close()
  })

  it('brings what was not settled again, and an ack that comes too late is told [H7] [Q7.1]', async () => {
    const host = kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }))
    const way = await tunnel(socketPath())
    const client = kept(await connectQueue<number>(way.address, { token: 't' }))
    await client.putBatch([1, 2])
    const first = await client.receive()
    // The host has heard of the hand-over.
    await client.stat()
    way.cut()
    const again = await client.receive()
    expect([again.value, again.attempt, again.id]).toEqual([1, 2, first.id])
    expect(await codeOf(first.ack())).toBe('ERR_LEASE_LOST')
    await again.ack()
    expect(await client.get()).toBe(2)
    expect([(await client.stat()).leased, host.isEmpty]).toEqual([0, true])
    await client.close()
    await way.close()
  })

  it('goes on with the calls that wait', async () => {
    const host = kept(await hostQueue(fifoQueue<number>({ capacity: 1, joinable: true }), socketPath(), { token: 't' }))
    const way = await tunnel(socketPath())
    const client = kept(await connectQueue<number>(way.address, { token: 't' }))
    await client.put(1)
    const [put, joined, stat] = [client.put(2), client.join(), client.stat()]
    way.cut()
    await stat
    for (const n of [1, 2]) {
      expect(await host.get()).toBe(n)
      host.taskDone()
    }
    await Promise.all([put, joined])
    const got = client.get()
    await until(async () => (await host.stat()).wanting === 1)
    way.cut()
    await host.put(3)
    expect(await got).toBe(3)
    client.taskDone()
    await client.close()
    await way.close()
  })

  it('ends the handle when nobody answers for long enough [H8]', async () => {
    await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }).then(kept)
    const way = await tunnel(socketPath())
    const client = kept(await connectQueue<number>(way.address, { token: 't', patience: 50 }))
    const waiting = [client.get(), client.consume(() => {})].map(codeOf)
    await way.close()
    expect(await Promise.all(waiting)).toEqual(Array(2).fill('ERR_QUEUE_CLOSED'))
    expect(client.closed).toBe(true)
  })
})

describe('a host that is killed and started again', () => {
  it('over a durable queue: every acknowledged put is there once, unsettled deliveries come again [H9]', async () => {
    const args = ['durable', join(directory, 'data'), socketPath(), 't']
    let host = await start('hosted-host', ...args)
    const client = kept(await connectQueue<number>(socketPath(), { token: 't' }))
    const stored = new Set<number>()
    let stop = false
    let next = 0
    const producer = (async () => {
      while (!stop) {
        const batch = [next++, next++, next++]
        await client.putBatch(batch)
        for (const n of batch) stored.add(n)
      }
    })()
    for (let round = 0; round < 3; round++) {
      const before = stored.size
      await until(() => stored.size > before + 30)
      host.kill('SIGKILL')
      await once(host, 'exit')
      host = await start('hosted-host', ...args)
    }
    stop = true
    await producer
    const held = await client.receive()
    host.kill('SIGKILL')
    await once(host, 'exit')
    host = await start('hosted-host', ...args)
    const seen: number[] = []
    while (seen.length < next) seen.push(await client.get())
    expect(seen).toEqual(Array.from({ length: next }, (_, n) => n))
    expect(await codeOf(held.ack())).toBe('ERR_LEASE_LOST')
    expect((await client.stat()).size).toBe(0)
  })

  it('over a shared queue: what was stored is there [H9]', async () => {
    const name = `hosted-${randomBytes(6).toString('hex')}`
    const args = ['shared', name, socketPath(), 't']
    const host = await start('hosted-host', ...args)
    const client = kept(await connectQueue<number>(socketPath(), { token: 't' }))
    await client.putBatch([1, 2, 3])
    host.kill('SIGKILL')
    await once(host, 'exit')
    await start('hosted-host', ...args)
    expect([await client.get(), await client.get(), await client.get()]).toEqual([1, 2, 3])
    await (await sharedQueue(name)).unlink()
  })

  it('over memory: what it held is gone, what is put after is served [H9]', async () => {
    const args = ['memory', '', socketPath(), 't']
    const host = await start('hosted-host', ...args)
    const client = kept(await connectQueue<number>(socketPath(), { token: 't' }))
    await client.put(1)
    host.kill('SIGKILL')
    await once(host, 'exit')
    await start('hosted-host', ...args)
    await client.put(2)
    expect([await client.get(), (await client.stat()).size]).toEqual([2, 0])
  })

  it('replaces its dead socket; a living one is refused [H2]', async () => {
    const args = ['memory', '', socketPath(), 't']
    const host = await start('hosted-host', ...args)
    expect(await codeOf(hostQueue(fifoQueue(), socketPath()))).toBe('ERR_QUEUE_EXISTS')
    host.kill('SIGKILL')
    await once(host, 'exit')
    expect(lstatSync(socketPath()).isSocket()).toBe(true)
    kept(await hostQueue(fifoQueue(), socketPath()))
    expect(readdirSync(directory)).toEqual(['q.sock'])
  })
})

describe('a client of a hosted queue', () => {
  it('gives back all that it held when it is killed [Q6.3]', async () => {
    const host = kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }))
    await host.putBatch([1, 2, 3, 4, 5, 6])
    const client = await start('hosted-client', socketPath(), 't', 'hold')
    expect((await host.stat()).leased).toBe(5)
    client.kill('SIGKILL')
    const seen: [number, number][] = []
    for (let n = 0; n < 6; n++) {
      const delivery = await host.receive()
      seen.push([delivery.value, delivery.attempt])
      await delivery.ack()
    }
    // It came back in its order, and its hand-overs count.
    expect(seen.sort((a, b) => a[0] - b[0])).toEqual([1, 2, 3, 4, 5, 6].map(n => [n, n === 6 ? 1 : 2]))
  })

  it('does not keep its process when it is idle [Q13.4]', async () => {
    kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }))
    const client = await start('hosted-client', socketPath(), 't', 'idle')
    if (client.exitCode === null) await once(client, 'exit')
    expect(client.exitCode).toBe(0)
  })

  it('has stored what it put, awaited or not, when its process ends by itself [P27]', async () => {
    const host = kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }))
    const client = fork(fixture('hosted-client'), [socketPath(), 't', 'put'])
    children.push(client)
    await once(client, 'exit')
    expect([client.exitCode, host.size]).toEqual([0, 1000])
  })

  it('is not let in with a wrong token, and finds no host that is not there [H3]', async () => {
    const host = kept(await hostQueue(fifoQueue<number>(), socketPath()))
    expect(await codeOf(connectQueue(socketPath(), { token: 'a guess' }))).toBe('ERR_TOKEN')
    expect(await codeOf(connectQueue(join(directory, 'nobody.sock'), { token: 't' }))).toBe('ERR_QUEUE_NOT_FOUND')
    expect(await codeOf(connectQueue('tcp:1', { token: 't' }))).toBe('ERR_QUEUE_NOT_FOUND')
    expect(await codeOf(connectQueue(socketPath(), {} as { token: string }))).toBe('ERR_OPTION')
    kept(await openQueue(host.descriptor()))
    expect(host.connections).toBe(1)
  })

  const isRoot = process.getuid?.() === 0
  it.skipIf(!isRoot)(
    'of another user has no access to the socket [H1] (skipped: it takes root to be another user)',
    async () => {
      chmodSync(directory, 0o755)
      const host = kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't' }))
      expect(lstatSync(socketPath()).mode & 0o777).toBe(0o600)
      const script = `require('net').connect(${JSON.stringify(socketPath())}).on('error', e => console.log(e.code)).on('connect', () => process.exit(3))`
      // A place where the other user can start Node.
      const child = spawn(process.execPath, ['-e', script], { uid: 65_534, gid: 65_534, cwd: '/' })
      children.push(child)
      let said = ''
      child.stdout.on('data', chunk => {
        said += chunk
      })
      await once(child, 'close')
      expect([said.trim(), host.connections]).toEqual(['EACCES', 0])
    },
  )
})

describe('a host among strangers', () => {
  it('loses nothing of the honest ones, and cuts the others off [H4]', async () => {
    const deadline = 3000
    const queue = fifoQueue<number>({ capacity: 500 })
    const host = kept(await hostQueue(queue, socketPath(), { token: 't', deadline }))
    const hello = helloOf('t')
    const strangers: Socket[] = []
    let cut = 0
    const stranger = (bytes: Buffer): void => {
      const socket = connect(socketPath())
      socket.on('error', () => {})
      socket.on('close', () => cut++)
      socket.write(bytes)
      socket.resume()
      strangers.push(socket)
    }
    const misdeeds = [
      () => randomBytes(300),
      () => helloOf('wrong'),
      () => Buffer.alloc(0),
      () => hello.subarray(0, 10),
      () => Buffer.concat([hello, Buffer.from([0, 0, 1, 0, 1, 2])]),
      () => Buffer.concat([hello, framed(randomBytes(100))]),
      () => Buffer.concat([hello, Buffer.from([0xff, 0xff, 0xff, 0xff])]),
    ]
    for (let n = 0; n < 70; n++) stranger((misdeeds[n % misdeeds.length] as () => Buffer)())
    const honest = await Promise.all(
      Array.from({ length: 130 }, () => connectQueue<number>(socketPath(), { token: 't' })),
    )
    const seen: number[] = []
    const readers = honest.slice(65)
    for (const reader of readers)
      reader.deliveries({ prefetch: 4 }).subscribe(delivery => {
        seen.push(delivery.value)
        void delivery.ack()
      })
    await Promise.all(
      honest.slice(0, 65).map(async (client, who) => {
        for (let n = 0; n < 20; n++) await client.putBatch([who * 40 + 2 * n, who * 40 + 2 * n + 1])
      }),
    )
    await until(() => seen.length === 65 * 40)
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 65 * 40 }, (_, n) => n))
    await until(() => cut === strangers.length)
    expect(host.connections).toBe(130)
    await Promise.all(honest.map(client => client.close()))
  })

  it('gives up a client that does not read, and what it held comes back [H4]', async () => {
    const queue = fifoQueue<Buffer>()
    const host = kept(await hostQueue(queue, socketPath(), { token: 't', deadline: 200 }))
    for (let n = 0; n < 8; n++) await host.put(Buffer.alloc(1 << 20))
    const deaf = connect(socketPath())
    deaf.on('error', () => {})
    deaf.pause()
    deaf.write(
      Buffer.concat([helloOf('t'), framed(encode([{ type: 'want', items: 8, seen: 0, room: false, rest: false }]))]),
    )
    await until(async () => (await host.stat()).leased > 0)
    await until(async () => (await host.stat()).leased === 0)
    expect([host.size, host.connections]).toEqual([8, 0])
    deaf.destroy()
  })

  it('takes no more clients than it was told to [H4]', async () => {
    kept(await hostQueue(fifoQueue<number>(), socketPath(), { token: 't', connections: 1 }))
    kept(await connectQueue<number>(socketPath(), { token: 't' }))
    expect(await codeOf(connectQueue<number>(socketPath(), { token: 't', patience: 1 }))).toBe('ERR_HOST_FULL')
  })

  it('refuses what is too large for a frame in the put, and goes on [H4] [Q14.2]', async () => {
    kept(await hostQueue(fifoQueue<Buffer>(), socketPath(), { token: 't', frameLimit: 1 << 18 }))
    const client = kept(await connectQueue<Buffer>(socketPath(), { token: 't' }))
    expect(await codeOf(client.put(Buffer.alloc(1 << 18)))).toBe('ERR_ITEM_TOO_LARGE')
    await client.put(Buffer.alloc(1 << 17))
    expect((await client.get()).length).toBe(1 << 17)
  })

  it('tells the readers of a client of an item that cannot be sent, and keeps it [H10]', async () => {
    const queue = fifoQueue<unknown>()
    kept(await hostQueue(queue, socketPath(), { token: 't' }))
    const client = kept(await connectQueue<unknown>(socketPath(), { token: 't' }))
    await queue.put(() => {})
    expect(await codeOf(client.get())).toBe('ERR_CODEC')
    expect(queue.size).toBe(1)
  })

  it('survives 3,000 mutated frames', async () => {
    const { frames, refused } = await fuzzHost({ frames: 3000, seed: 7 })
    expect(frames).toBe(3000)
    expect(refused).toBeGreaterThan(30)
  })
})
