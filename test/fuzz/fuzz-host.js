// Sends mutated frames to a host in a process of its own, and looks again and again whether it still serves an honest client.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectQueue } from 'queuelink'
import { encode } from '#src/core/codec'
import { packParcel } from '#src/core/parcel-codec'

const HOST = fileURLToPath(new URL('../fixtures/hosted-host.js', import.meta.url))
const PER_CONNECTION = 40

/** @param {number} seed */
function randomOf(seed) {
  let state = seed >>> 0
  return (/** @type {number} */ below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const item = { value: { id: 1, name: 'ä' }, enqueuedAt: 1, headers: { a: 'b' }, key: undefined }
const parcel = packParcel([item, { ...item, value: [new Date(1), 2n, 'text'] }]).bytes

/** What an honest client says. @param {number} number */
const said = number => [
  [{ type: 'put', number, parcel, priority: 0, delay: 0 }],
  [{ type: 'want', items: 3, seen: number % 3, room: true, rest: false }],
  [{ type: 'settle', acked: [1, 2], back: [[3, 1, 0]], handed: [4] }],
  [{ type: 'withdraw', number }],
  [{ type: 'ask', number, what: 'stat' }, { type: 'pong' }],
  [{ type: 'ask', number, what: 'bury', parcel }],
]

/** @param {Uint8Array} body */
function framed(body) {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}

/** @param {Buffer} frame @param {(below: number) => number} random */
function mutated(frame, random) {
  let bytes = Buffer.from(frame)
  for (let times = 1 + random(3); times > 0; times--) {
    // Mostly what is in the frame: a length that lies ends the conversation.
    const at = random(20) === 0 ? random(bytes.length) : 4 + random(Math.max(1, bytes.length - 4))
    switch (random(5)) {
      case 0:
        bytes[at % bytes.length] = random(256)
        break
      case 1:
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << random(8))
        break
      case 2:
        bytes = framed(
          Buffer.concat([bytes.subarray(4, at), bytes.subarray(Math.min(bytes.length, at + 1 + random(8)))]),
        )
        break
      case 3:
        bytes = framed(
          Buffer.concat([bytes.subarray(4, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)]),
        )
        break
      default:
        bytes = framed(Buffer.concat([bytes.subarray(4, at), bytes.subarray(4)]))
    }
    if (bytes.length <= 5) return frame
  }
  return bytes
}

/**
 * @param {{ frames: number; seed: number; tell?: (line: string) => void }} o
 * @returns {Promise<{ frames: number; refused: number; rss: number }>} how many frames were sent, how many connections the host
 * ended for them, and the bytes of memory that its process takes up in the end
 */
export async function fuzzHost({ frames, seed, tell = () => {} }) {
  const random = randomOf(seed)
  const directory = mkdtempSync(join(tmpdir(), 'queuelink-fuzz-'))
  const path = join(directory, 'q.sock')
  const host = fork(HOST, ['memory', '', path, 't'])
  let sent = 0
  let refused = 0
  try {
    await once(host, 'message')
    const honest = await connectQueue(path, { token: 't' })
    while (sent < frames) {
      const socket = connect(path)
      let open = true
      socket.on('error', () => {})
      socket.on('data', () => {})
      const closed = new Promise(resolve => {
        socket.on('close', () => {
          open = false
          resolve(undefined)
        })
      })
      const client = Buffer.from(Array.from({ length: 16 }, () => random(256)))
      socket.write(framed(Buffer.concat([Buffer.from('QLNK\x01'), client, Buffer.from('t')])))
      for (let n = 1; n <= PER_CONNECTION && open && sent < frames; n++) {
        const honestly = said(n)
        const frame = framed(encode(honestly[random(honestly.length)]))
        socket.write(random(4) === 0 ? frame : mutated(frame, random))
        sent++
        if (random(4) === 0) await new Promise(resolve => setImmediate(resolve))
      }
      if (open) {
        await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 2))])
        if (open) socket.destroy()
        else refused++
      } else refused++
      await closed
      if (Math.floor(sent / 10_000) > Math.floor((sent - PER_CONNECTION) / 10_000)) tell(`${sent} frames`)
      // It answers: it neither crashed nor hangs. What the mutants put is taken out, as it would fill the memory.
      const { size } = await honest.stat()
      if (size > 1000) await honest.getBatch(size)
      if (host.exitCode !== null || host.signalCode !== null)
        throw new Error(`the host died after ${sent} frames, seed ${seed}`)
    }
    const rss = residentBytes(host.pid ?? 0)
    await honest.close()
    return { frames: sent, refused, rss }
  } finally {
    if (host.exitCode === null && host.signalCode === null) {
      host.kill('SIGKILL')
      await once(host, 'exit')
    }
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {number} pid */
function residentBytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}
