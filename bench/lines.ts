// A file of a million lines, copied line by line: millions of lines a second, the best of some rounds.
// Beside Node's own readline, and, for the cost of lines as such, its pipeline of bytes.
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished, pipeline } from 'node:stream/promises'
import { fromFile, link, toFile } from 'queuelink'

const LINES = 1_000_000
const ROUNDS = 5

const directory = await mkdtemp(join(tmpdir(), 'queuelink-bench-'))
const from = join(directory, 'from.txt')
const to = join(directory, 'to.txt')
const text = Array.from({ length: LINES }, (_, n) => `line ${n} of a file that is copied\n`).join('')
await writeFile(from, text)

async function readlines(): Promise<void> {
  const out = createWriteStream(to)
  for await (const line of createInterface({ input: createReadStream(from) })) {
    if (!out.write(`${line}\n`)) await once(out, 'drain')
  }
  out.end()
  await finished(out)
}

async function observed(): Promise<void> {
  const sink = toFile(to)
  fromFile(from).subscribe(sink)
  await sink.done
}

const contests: Record<string, () => Promise<void>> = {
  'readline, write, wait for drain': readlines,
  'fromFile, toFile': observed,
  'link, inline': () => link(from, to, { placement: 'inline' }).done,
  'link, in a child process': () => link(from, to, { placement: 'process' }).done,
  'pipeline of bytes, no lines': () => pipeline(createReadStream(from), createWriteStream(to)),
}

try {
  for (const [name, copy] of Object.entries(contests)) {
    let best = 0
    for (let n = 0; n < ROUNDS; n++) {
      const start = performance.now()
      await copy()
      best = Math.max(best, LINES / (performance.now() - start) / 1000)
      if ((await readFile(to, 'utf8')) !== text) throw new Error(`${name}: the copy is not the same`)
    }
    console.log(`${name.padEnd(34)} ${best.toFixed(2).padStart(6)} M/s`)
  }
} finally {
  await rm(directory, { recursive: true })
}
