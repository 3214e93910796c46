import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connectQueue } from 'queuelink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url))
const running: ChildProcess[] = []
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'queuelink-serve-'))
})

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true })
})

function queuelink(args: readonly string[], token?: string) {
  const env = { ...process.env, ...(token ? { QUEUELINK_TOKEN: token } : {}) }
  const child = spawn(process.execPath, [BIN, ...args], { cwd: directory, env, stdio: ['pipe', 'pipe', 'pipe'] })
  running.push(child)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return line
  return ''
}

describe('queuelink serve', () => {
  it('hosts a queue that the command and programs of others use, until it is told to stop', async () => {
    const server = queuelink(['serve', 'durable:./data', 'unix:./q.sock', '--json'])
    const { address, token } = JSON.parse(await firstLine(server))
    expect(address).toBe(`unix:${join(directory, 'q.sock')}`)
    const put = queuelink(['link', '-', address, '--quiet'], token)
    put.stdin.end('one\ntwo\n')
    expect((await once(put, 'close'))[0]).toBe(0)
    const queue = await connectQueue<string>(address, { token })
    expect([await queue.get(), await queue.get()]).toEqual(['one', 'two'])
    await queue.close()
    server.kill('SIGTERM')
    expect((await once(server, 'close'))[0]).toBe(0)
    expect(readdirSync(directory)).not.toContain('q.sock')
  })

  it('takes its token from the environment, and tells nobody', async () => {
    const server = queuelink(['serve', 'fifo', 'tcp:0', '--json', '--capacity', '5'], 'a secret')
    const { address, token } = JSON.parse(await firstLine(server))
    const queue = await connectQueue<string>(address, { token: 'a secret' })
    expect([token, queue.capacity]).toEqual([undefined, 5])
    await queue.close()
  })

  it.each([
    [['serve', 'nothing', 'unix:./q.sock'], "'nothing' cannot be served"],
    [['serve', 'fifo', 'q.sock'], "'q.sock' is no address"],
    [['serve', 'shm:a', 'unix:./q.sock', '--joinable'], '--capacity and --joinable are for queues in memory'],
  ])('refuses %j', async (args, sentence) => {
    const child = queuelink(args)
    let said = ''
    child.stderr.on('data', chunk => {
      said += chunk
    })
    expect((await once(child, 'close'))[0]).toBe(2)
    expect(said).toContain(sentence)
  })
})
