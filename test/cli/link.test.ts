import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { numbers, Place } from './command.js'

const place = new Place()

/** Writes a million lines as they are taken, and answers their hash. */
async function feed(stdin: NodeJS.WritableStream): Promise<string> {
  const hash = createHash('sha256')
  for (let from = 1; from < 1_000_000; from += 10_000) {
    const chunk = numbers(from, from + 9_999)
    hash.update(chunk)
    if (!stdin.write(chunk)) await once(stdin, 'drain')
  }
  stdin.end()
  return hash.digest('hex')
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

it('copies a million lines from stdin to a file, byte for byte', async () => {
  const { process, ended } = place.start('link', '-', 'file:million.txt')
  const expected = await feed(process.stdin!)
  expect(await ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
  expect(await hashOf(place.at('million.txt'))).toBe(expected)
})

it('copies a file in a child process, and says so', async () => {
  await place.write('from.txt', numbers(1, 50_000))
  const { code, stdout } = await place.run(['link', 'from.txt', 'to.txt', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ state: 'done', items: 50_000, placement: 'process', unsettled: 0 })
  expect(await place.read('to.txt')).toBe(numbers(1, 50_000))
})

it.each(['inline', 'process'])('copies any bytes, placed %s', async placement => {
  const bytes = randomBytes(3_000_001)
  const args = ['link', '-', 'copy.bin', '--as', 'bytes', '--placement', placement]
  expect(await place.run(args, bytes)).toMatchObject({ code: 0, stderr: '' })
  expect(bytes.equals(await readFile(place.at('copy.bin')))).toBe(true)
})

it('adds the line feed that the last line lacks, and leaves it as bytes', async () => {
  expect((await place.run(['link', '-', '-'], 'one\r\ntwo')).stdout).toBe('one\r\ntwo\n')
  expect((await place.run(['link', '-', '-', '--as', 'bytes'], 'one\r\ntwo')).stdout).toBe('one\r\ntwo')
})

it('copies nothing from an empty input', async () => {
  expect(await place.run(['link', '-', 'empty.txt', '--json'])).toMatchObject({ code: 0 })
  expect((await stat(place.at('empty.txt'))).size).toBe(0)
})

it('reads and writes JSON, a value a line', async () => {
  const { stdout } = await place.run(['link', '--as', 'json', '-', '-'], '{ "a": 1 }\n\n[2]\n')
  expect(stdout).toBe('{"a":1}\n[2]\n')
})

it('brings every item to files, a command and stdout', async () => {
  const args = ['link', 'exec:seq 1 20000', 'one.txt', 'file:two.txt', 'exec:cat > three.txt', '-']
  const { code, stdout, stderr } = await place.run(args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const name of ['one.txt', 'two.txt', 'three.txt']) expect(await place.read(name)).toBe(numbers(1, 20_000))
  expect(stdout).toBe(numbers(1, 20_000))
})

it('waits for its commands, and lets them write to its stdout', async () => {
  const { code, stdout } = await place.run(['link', '-', 'exec:sort -n | tail -1'], numbers(1, 1000))
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1000\n' })
})

it('replaces a file, or appends to it', async () => {
  await place.write('log.txt', 'old\n')
  await place.run(['link', '-', 'log.txt', '--append'], 'new\n')
  expect(await place.read('log.txt')).toBe('old\nnew\n')
  await place.run(['link', 'log.txt', 'log2.txt', '--append', '--placement', 'process'])
  await place.run(['link', 'log.txt', 'log2.txt', '--append', '--placement', 'process'])
  expect(await place.read('log2.txt')).toBe('old\nnew\nold\nnew\n')
  await place.run(['link', '-', 'log.txt'], 'newest\n')
  expect(await place.read('log.txt')).toBe('newest\n')
})

it('takes a path with a colon behind file:', async () => {
  await place.write('http:x', 'colon\n')
  expect((await place.run(['link', 'file:http:x', '-'])).stdout).toBe('colon\n')
})
