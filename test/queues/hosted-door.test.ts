import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { connectQueue, fifoQueue, hostQueue, type Queue } from 'queuelink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mailboxOf } from '#src/core/mailbox-of'
import { codeOf, turns, until } from './help.js'
import type { Message } from './raw-end.js'
import { type HostEnd, ScriptedHost, storeAt } from './scripted-host.js'
import { socketPaths } from './socket-paths.js'

const newPath = socketPaths()
const opened: { close(): Promise<void> }[] = []
let host: ScriptedHost

beforeEach(async () => {
  host = await ScriptedHost.listen(newPath())
})

afterEach(async () => {
  await host.close()
  for (const store of opened.splice(0)) await store.close()
})

const knock = (o: { signal?: AbortSignal } = {}): Promise<Queue<unknown>> =>
  connectQueue<unknown>(host.path, { token: 't', ...o })
/** What became of it. */
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    error => error,
  )

describe('a client that is not let in', () => {
  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no token', {}],
    ['an empty token', { token: '' }],
    ['a number', { token: 7 }],
  ])('had %s for a token [Q16.5]', async (_, o) => {
    expect(await codeOf(connectQueue(host.path, o as never))).toBe('ERR_OPTION')
  })

  it('says that nobody is there [H3]', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await new Promise(resolve => server.close(resolve))
    await host.close()
    for (const [address, code] of [
      [host.path, 'ENOENT'],
      [`tcp:${port}`, 'ECONNREFUSED'],
    ] as const) {
      const error = await errorOf(connectQueue(address, { token: 't' }))
      expect([error.code, error.cause?.code]).toEqual(['ERR_QUEUE_NOT_FOUND', code])
    }
  })

  it('says why there was no connection', async () => {
    const shut = errorOf(knock())
    ;(await host.next()).socket.destroy()
    expect(await shut).toMatchObject({ code: 'ERR_CONNECTION', cause: undefined })
    expect((await shut).message).toMatch(/: the connection was closed$/)
    const long = join(dirname(host.path), 'nowhere.invalid')
    const error = await errorOf(connectQueue(`tcp:${long.replaceAll('/', '.')}:1`, { token: 't' }))
    expect([error.code, error.cause?.syscall]).toEqual(['ERR_CONNECTION', 'getaddrinfo'])
    expect(error.message).toContain(error.cause.message)
  })

  it.each<[string, Message, string]>([
    ['its reason', { type: 'bye', error: Object.assign(new Error('no'), { code: 'NO' }), retry: false }, 'NO'],
    ['no reason', { type: 'bye', error: 'go', retry: false }, 'ERR_QUEUE_CLOSED'],
    ['what nobody knows', { type: 'standing', seen: 0 }, 'ERR_CONNECTION'],
  ])('is told %s', async (_, message, code) => {
    const knocking = codeOf(knock())
    const end = await host.next()
    end.say(message)
    end.socket.end()
    expect(await knocking).toBe(code)
    await turns(3)
    expect(host.ends).toHaveLength(1)
  })

  it('keeps the reason of a host that has no room for it now, and of one that it does not understand [H4]', async () => {
    const hosted = await hostQueue(fifoQueue(), `${host.path}2`, { token: 't', connections: 1 })
    opened.push(hosted, await connectQueue(hosted.address, { token: 't' }))
    expect(await codeOf(connectQueue(hosted.address, { token: 't' }))).toBe('ERR_HOST_FULL')
    expect(await codeOf(connectQueue(hosted.address, { token: 'wrong' }))).toBe('ERR_TOKEN')
    const knocking = codeOf(knock())
    ;(await host.next()).frame(Buffer.of(0x91, 0xc0))
    expect(await knocking).toBe('ERR_PROTOCOL')
  })

  it('gives up when its signal says so, and before it began [Q13.7] [Q13.8]', async () => {
    expect(await errorOf(knock({ signal: AbortSignal.abort('early') }))).toBe('early')
    await turns(2)
    expect(host.ends).toEqual([])
    const abort = new AbortController()
    const knocking = errorOf(knock({ signal: abort.signal }))
    const end = await host.next()
    abort.abort('enough')
    expect(await knocking).toBe('enough')
    expect(await end.closed()).toEqual([])
  })

  it('holds its process until that is known [Q13.4]', async () => {
    const holding = (): number => process.getActiveResourcesInfo().filter(name => /Pipe/.test(name)).length
    const before = holding()
    const knocking = codeOf(knock())
    expect(holding()).toBeGreaterThan(before)
    ;(await host.next()).socket.destroy()
    await knocking
  })
})

describe('a client that was let in', () => {
  const BYE = { type: 'bye', error: Object.assign(new Error('later'), { code: 'LATER' }) }

  it('may lose its connection again and again [H8]', async () => {
    const { end, store, told } = await storeAt(host, { patience: 1000 })
    opened.push(store)
    let last: HostEnd = end
    for (let time = 0; time < 3; time++) {
      last.socket.destroy()
      last = await host.letIn()
      await last.heard()
      await new Promise(resolve => setTimeout(resolve, 350))
    }
    expect(told.filter(([what]) => what === 'broken')).toEqual([])
  })

  it('comes again where it is asked to, and ends where it is not [H8] [H11]', async () => {
    const { end, store, told } = await storeAt(host)
    opened.push(store)
    end.say({ ...BYE, retry: true })
    const again = await host.letIn()
    expect(await again.heard()).toEqual([])
    again.say({ ...BYE, retry: false })
    await again.closed()
    expect(told.at(-1)).toMatchObject(['broken', { code: 'LATER' }])
    await new Promise(resolve => setTimeout(resolve, 40))
    expect(host.ends).toHaveLength(2)
  })

  it('ends when nobody answered for as long as it is patient, and says why [H8]', async () => {
    const { end, store, told } = await storeAt(host, { patience: 40 })
    opened.push(store)
    await host.close()
    await end.closed()
    await until(() => told.at(-1)?.[0] === 'broken')
    const error = told.at(-1)?.[1] as Error & { code: string; cause: { code: string } }
    expect([error.code, error.cause.code]).toEqual(['ERR_QUEUE_CLOSED', 'ENOENT'])
    host = await ScriptedHost.listen(host.path)
    await new Promise(resolve => setTimeout(resolve, 40))
    expect(host.ends).toEqual([])
    await store.close()
  })

  it('says what it did not understand when it gives up [H8]', async () => {
    const { end, store, told } = await storeAt(host, { patience: 0 })
    opened.push(store)
    end.say({ type: 'nonsense', of: 'a host' })
    await until(() => told.at(-1)?.[0] === 'broken')
    const [, { cause }] = told.at(-1) as [string, { cause: { code: string; cause: unknown } }]
    expect([cause.code, cause.cause]).toEqual(['ERR_PROTOCOL', { type: 'nonsense', of: 'a host' }])
  })

  it('says so also where nobody spoke to it any more [H8]', async () => {
    const { end, store, told } = await storeAt(host, { patience: 40 })
    opened.push(store)
    end.say({ type: 'nonsense' })
    while (told.at(-1)?.[0] !== 'broken') {
      const next = await Promise.race([host.next(), until(() => told.at(-1)?.[0] === 'broken')])
      next?.socket.end()
    }
    expect(told.at(-1)).toMatchObject(['broken', { code: 'ERR_QUEUE_CLOSED', cause: { code: 'ERR_PROTOCOL' } }])
  })

  it('gives up a host that has been silent for its deadline, and no other, and tries again [H4] [H8]', async () => {
    const patient = await storeAt(host)
    const { store } = await storeAt(host, { welcome: { deadline: 30 } })
    opened.push(patient.store, store)
    const again = await host.letIn()
    expect(await again.heard()).toEqual([])
    expect([patient.end.socket.closed, host.ends.length]).toEqual([false, 3])
  })

  it('tries no more once it is closed', async () => {
    const { end, store, told } = await storeAt(host)
    end.socket.destroy()
    const { length } = told
    await until(() => told.length > length)
    await store.close()
    await store.close()
    await new Promise(resolve => setTimeout(resolve, 40))
    expect(host.ends).toHaveLength(1)
  })

  it('finds the numbers of its host, with what rests here, and reaches its dead letters [H12] [Q8.10]', async () => {
    const dead = fifoQueue<number>()
    const hosted = await hostQueue(fifoQueue<number>({ deadLetter: dead }), `${host.path}3`, { token: 't' })
    const far = await connectQueue<number>(hosted.address, { token: 't' })
    opened.push(hosted, far)
    await far.putBatch([1, 2, 3])
    await far.put(4, { delay: 600_000 })
    const [one, two] = [await far.receive(), await far.receive()]
    await one.nack()
    const counts = { size: 2, delayed: 1, leased: 1, resting: 1, shutDown: false, capacity: Number.POSITIVE_INFINITY }
    expect(await far.stat()).toMatchObject({ ...counts, kind: 'hosted' })
    // Of this it has not heard yet.
    await hosted.put(6)
    expect(await far.stat()).toMatchObject({ size: 3, delayed: 1, leased: 1 })
    await two.nack({ requeue: false, reason: 'unfit' })
    expect((await dead.receive()).headers).toMatchObject({ 'x-reason': 'unfit', 'x-attempts': '1' })
    // Another process would reach these by itself.
    expect(mailboxOf(far).deadLetter?.isInherent).toBe(true)
    await mailboxOf(far).deadLetter?.put(5)
    expect(await dead.get()).toBe(5)
  })
})
