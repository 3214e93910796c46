import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SpillError } from 'queuelink'
import { afterAll, expect, it } from 'vitest'
import { Reference } from '#src/core/spill'
import { SpillFolder } from '#src/core/spill-folder'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-folder-'))
afterAll(() => rmSync(directory, { recursive: true }))

let made = 0
const folderOf = (): SpillFolder => new SpillFolder(join(directory, `${++made}`, 'payloads'))

/** Runs the body as if so many ms had passed. */
function later(ms: number, body: () => void): void {
  const { now } = Date
  Date.now = () => now() + ms
  try {
    body()
  } finally {
    Date.now = now
  }
}

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(SpillError)
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

it('keeps a payload, for its owner alone, until it is dropped [S1]', () => {
  const folder = folderOf()
  const payload = Buffer.from('payload')
  const reference = folder.refer(payload)
  expect(existsSync(folder.path)).toBe(false)
  folder.write(reference, payload)
  expect(statSync(folder.path).mode & 0o777).toBe(0o700)
  expect(statSync(folder.pathOf(reference)).mode & 0o777).toBe(0o600)
  for (let time = 0; time < 2; time++) expect(folder.read(reference).toString()).toBe('payload')
  folder.drop(reference)
  folder.drop(reference)
  expect(readdirSync(folder.path)).toEqual([])
  folder.remove()
  folder.remove()
  expect(existsSync(folder.path)).toBe(false)
})

it('says what cannot be spilled, and where, also where its place is taken by a file', () => {
  const path = join(directory, 'taken')
  writeFileSync(path, '')
  const folder = new SpillFolder(path)
  const payload = Buffer.from('payload')
  expect(messageOf(() => folder.write(folder.refer(payload), payload))).toContain(
    `7 bytes cannot be spilled to ${path}`,
  )
})

it('gives a payload of another folder a second name [S2]', () => {
  const [one, other] = [folderOf(), folderOf()]
  const reference = one.refer(Buffer.from('payload'))
  one.write(reference, Buffer.from('payload'))
  const renamed = other.rename(reference)
  expect([renamed.file === reference.file, renamed.bytes, renamed.checksum]).toEqual([false, 7, reference.checksum])
  other.write(renamed, one.pathOf(reference))
  one.drop(reference)
  expect(other.read(renamed).toString()).toBe('payload')
})

it('tells what is wrong with a payload or its reference, and leaves nothing behind [S6] [S7] [S8]', () => {
  const folder = folderOf()
  const payload = Buffer.from('payload')
  const reference = folder.refer(payload)
  expect(messageOf(() => folder.read(reference))).toContain('is gone')
  folder.write(reference, payload)
  writeFileSync(folder.pathOf(reference), 'PAYLOAD')
  expect(messageOf(() => folder.read(reference))).toContain('not what was written')
  writeFileSync(folder.pathOf(reference), 'payload')
  const { file, checksum } = reference
  expect(messageOf(() => folder.read(new Reference(file, 8, checksum)))).toContain('not what was written')
  for (const bad of ['../secret', '', `${file}/..`, `${file}0`, `0${file}`]) {
    expect(messageOf(() => folder.pathOf(new Reference(bad, 7, checksum)))).toContain('outside')
  }
  const missing = folder.refer(payload)
  expect(messageOf(() => folder.write(missing, join(directory, 'missing')))).toContain('7 bytes cannot be spilled')
  expect(readdirSync(folder.path)).toEqual([file])
})

it('sweeps what nothing leads to, an hour after it came, and looks once an hour [S9]', () => {
  const folder = folderOf()
  folder.sweep()
  const write = (): string => {
    const reference = folder.refer(Buffer.from('left'))
    folder.write(reference, Buffer.from('left'))
    return reference.file
  }
  const hour = 60 * 60 * 1000
  const first = write()
  // It has looked just now, though there was nothing yet.
  later(hour - 10_000, () => folder.sweep())
  expect(readdirSync(folder.path)).toEqual([first])
  later(hour + 10_000, () => folder.sweep())
  expect(readdirSync(folder.path)).toEqual([])
  const second = write()
  later(2 * hour, () => folder.sweep())
  expect(readdirSync(folder.path)).toEqual([second])
  later(2 * hour + 20_000, () => folder.sweep())
  expect(readdirSync(folder.path)).toEqual([])
  // What came a moment ago is kept.
  const other = folderOf()
  const reference = other.refer(Buffer.from('left'))
  other.write(reference, Buffer.from('left'))
  other.sweep()
  expect(readdirSync(other.path)).toEqual([reference.file])
})
