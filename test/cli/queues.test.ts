import { randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { durableQueue, fifoQueue, hostQueue, type SyncQueue, sharedQueue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { type Ended, Place } from './command.js'

const place = new Place()
const open: SyncQueue<unknown>[] = []

const run = (...args: string[]): Promise<Ended> => place.run(args)

async function queue<T>(): Promise<{ queue: SyncQueue<T>; text: string }> {
  const [name, runId] = [`cli-${randomUUID()}`, 'test']
  const made = await sharedQueue<T>(name, { runId })
  open.push(made as SyncQueue<unknown>)
  return { queue: made, text: `shm:${name}@${runId}` }
}

/** Bytes of the data files of a durable queue. */
function sizeOf(directory: string): number {
  const files = readdirSync(directory).filter(file => file.endsWith('.mdb'))
  return files.reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.unlink()
})

describe('queuelink link, with queues', () => {
  it('moves lines into a shared queue, and out of it', async () => {
    const { queue: lines, text } = await queue<string>()
    const into = place.start('link', '--quiet', '-', text)
    into.process.stdin?.end('one\ntwo\nthree\n')
    expect(await into.ended).toMatchObject({ code: 0, stderr: '' })
    await lines.shutdown()
    expect(await run('link', '--quiet', text, '-')).toMatchObject({ code: 0, stdout: 'one\ntwo\nthree\n' })
    expect(lines.size).toBe(0)
  })

  it('makes a shared queue that is not there', async () => {
    const name = `cli-${randomUUID()}`
    const into = place.start('link', '--quiet', '--as', 'json', '-', `shm:${name}@test`)
    into.process.stdin?.end('{"n":1}\n')
    expect(await into.ended).toMatchObject({ code: 0 })
    const made = await sharedQueue(name, { runId: 'test', mode: 'attach' })
    open.push(made as SyncQueue<unknown>)
    expect(made.getNowait()).toEqual({ n: 1 })
  })

  it('moves lines into a durable queue, which keeps them, and out of it', async () => {
    const into = place.start('link', '--quiet', '-', 'durable:kept')
    into.process.stdin?.end('one\ntwo\n')
    expect(await into.ended).toMatchObject({ code: 0, stderr: '' })
    expect((await run('stat', 'durable:kept')).stdout).toMatch(/^size +2$/m)
    expect(await run('peek', 'durable:kept')).toMatchObject({ code: 0, stdout: '"one"\n' })
    expect(await run('drain', '--as', 'lines', 'durable:kept')).toMatchObject({ code: 0, stdout: 'one\ntwo\n' })
    expect(await run('rm', 'durable:kept')).toMatchObject({ code: 0 })
    expect(await run('stat', 'durable:kept')).toMatchObject({ code: 1 })
  })

  it('refuses a queue that is both ends, as a mistake of the command line', async () => {
    const { text } = await queue()
    expect(await run('link', text, text)).toMatchObject({ code: 2 })
  })

  it('reaches a hosted queue with the token of the environment, and asks for it', async () => {
    await using hosted = await hostQueue(fifoQueue<string>(), `unix:${place.at('host.sock')}`)
    const refused = await run('link', hosted.address, '-')
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toContain('QUEUELINK_TOKEN')
    await hosted.put('a line')
    await hosted.shutdown()
    process.env.QUEUELINK_TOKEN = hosted.token
    try {
      const taken = await run('link', '--quiet', hosted.address, '-')
      expect(taken).toMatchObject({ code: 0, stdout: 'a line\n' })
    } finally {
      delete process.env.QUEUELINK_TOKEN
    }
  })
})

describe('queuelink ls, stat, peek, drain and rm', () => {
  it('lists the queues there are, and marks those that nobody has open', async () => {
    const { text } = await queue()
    const left = await queue()
    await left.queue.put(1)
    await left.queue.close()
    const { stdout } = await run('ls')
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^QUEUE +SIZE +CAPACITY/)
    expect(lines.find(line => line.startsWith(text))).toMatch(/ 1 +in use$/)
    expect(lines.find(line => line.startsWith(left.text))).toMatch(/ 0 +abandoned$/)
    const json = (await run('ls', '--json')).stdout.trim().split('\n')
    const found = json.map(line => JSON.parse(line)).find(({ queue: name }) => name === left.text)
    expect(found.stat).toMatchObject({ size: 1, kind: 'shared' })
    await run('rm', left.text)
  })

  it('says how a queue stands', async () => {
    const { queue: numbers, text } = await queue<number>()
    await numbers.putBatch([1, 2, 3])
    const told = JSON.parse((await run('stat', '--json', text)).stdout)
    expect(told).toMatchObject({ kind: 'shared', size: 3, capacity: 1024, leased: 0, participants: 1 })
    expect((await run('stat', text)).stdout).toMatch(/^size +3$/m)
  })

  it('shows the next item and leaves it there', async () => {
    const { queue: items, text } = await queue()
    expect(await run('peek', text)).toMatchObject({ code: 1, stdout: '' })
    await items.putBatch([{ a: 1 }, { a: 2 }])
    expect(await run('peek', text)).toMatchObject({ code: 0, stdout: '{"a":1}\n' })
    expect(items.size).toBe(2)
  })

  it('writes what it takes, up to a number or until nothing is left', async () => {
    const { queue: items, text } = await queue()
    await items.putBatch(Array.from({ length: 600 }, (_, n) => ({ n })))
    expect((await run('drain', '--max', '2', text)).stdout).toBe('{"n":0}\n{"n":1}\n')
    const rest = (await run('drain', text)).stdout.trim().split('\n')
    expect(rest.map(line => JSON.parse(line).n)).toEqual(Array.from({ length: 598 }, (_, n) => n + 2))
    expect(items.size).toBe(0)
    await items.put('a line')
    expect((await run('drain', '--as', 'lines', text)).stdout).toBe('a line\n')
  })

  it('keeps what it could not write', async () => {
    const { queue: items, text } = await queue<unknown>()
    await items.putBatch(['a line', { no: 'line' }])
    expect(await run('drain', '--as', 'lines', text)).toMatchObject({ code: 1 })
    expect(items.size).toBe(2)
  })

  it('removes queues, but not those that others use', async () => {
    const { queue: used, text } = await queue()
    const refused = await run('rm', text)
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toContain('in use by 1')
    expect(await run('rm', '--force', text)).toMatchObject({ code: 0 })
    expect(await run('stat', text)).toMatchObject({ code: 1 })
    await used.close()
  })

  it('compacts the file of a durable queue, and nothing else', async () => {
    const into = await durableQueue<string>(place.at('large'), { durability: 'async' })
    await into.putBatch(Array.from({ length: 2000 }, () => 'x'.repeat(1000)))
    while (into.size > 1) await into.getBatch(500)
    await into.close()
    const before = sizeOf(place.at('large'))
    expect(await run('compact', 'durable:large')).toMatchObject({ code: 0, stderr: '' })
    expect(sizeOf(place.at('large'))).toBeLessThan(before / 4)
    const { text } = await queue()
    expect(await run('compact', text)).toMatchObject({ code: 2 })
  })

  it('refuses what is no queue', async () => {
    for (const command of ['stat', 'peek', 'drain', 'rm']) {
      expect(await run(command, 'file.txt')).toMatchObject({ code: 2 })
    }
  })
})
