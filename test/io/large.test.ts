import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { workDir } from './help.js'

const dir = workDir()

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

// As text in memory they would take 400 MB. Node itself takes 45 to 90, by version.
it('E4: 200 MB of lines pass from file to file in less than 200 MiB, unchanged', async () => {
  const from = join(dir(), 'from')
  const to = join(dir(), 'to')
  function* megabytes(): Generator<Buffer> {
    for (let i = 0; i < 200; i++) {
      const line = `${i} ${'é€😀'.repeat(20)}${'x'.repeat(50 + i)}\n`
      yield Buffer.from(line.repeat(Math.floor(1_000_000 / Buffer.byteLength(line))))
    }
  }
  await pipeline(Readable.from(megabytes()), createWriteStream(from))
  const script = fileURLToPath(new URL('../fixtures/io-copy.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, from, to])
  expect(await digest(to)).toBe(await digest(from))
  expect(Number(stdout)).toBeLessThan(200)
})
