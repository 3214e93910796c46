import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { expect, it } from 'vitest'
import { workDir } from './help.js'

const dir = workDir()
const script = fileURLToPath(new URL('../fixtures/io-priority-gzip.js', import.meta.url))

// QUEUELINK_LONG=1 makes it a million.
const COUNT = process.env.QUEUELINK_LONG ? 1_000_000 : 200_000
// The values take twice as much at least, in the queue or behind it, and the process ends where they do not fit.
const HEAP = 64

it(`E4, Q11.1: ${COUNT} JSON values pass through a priority queue of 1,000 into a compressed file, with ${HEAP} MB of memory`, {
  timeout: 60_000,
}, async () => {
  const from = join(dir(), 'from.ndjson')
  const to = join(dir(), 'to.ndjson.gz')
  function* values(): Generator<string> {
    for (let id = 0; id < COUNT; ) {
      let text = ''
      for (let i = 0; i < 1000; i++, id++) {
        text += `${JSON.stringify({ id, urgency: (id * 7919) % 1000, text: 'é'.repeat(200 + (id % 50)), list: [id, null] })}\n`
      }
      yield text
    }
  }
  await pipeline(Readable.from(values(), { objectMode: false }), createWriteStream(from))
  await promisify(execFile)(process.execPath, [`--max-old-space-size=${HEAP}`, script, from, to])
  const seen = new Uint8Array(COUNT)
  let wrong = 0
  for await (const line of createInterface({ input: createReadStream(to).pipe(createGunzip()) })) {
    const { id, urgency, text, list } = JSON.parse(line)
    seen[id] = (seen[id] ?? 0) + 1
    if (urgency !== (id * 7919) % 1000 || text.length !== 200 + (id % 50) || list[0] !== id) wrong++
  }
  expect([wrong, seen.every(times => times === 1)]).toEqual([0, true])
})
