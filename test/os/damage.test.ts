import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { checkName } from '#src/os/check-name'
import { Doorbell } from '#src/os/doorbell'
import { privateDirectory } from '#src/os/private-directory'
import { openBank } from '../fixtures/os-arena.js'
import { closing, paths, run } from './program.js'

const path = paths()
const keep = closing()
const root = process.getuid?.() === 0

function bankAt(place: string, options: Record<string, unknown> = {}): ReturnType<typeof openBank> {
  const bank = openBank({ path: place, ...options })
  keep(bank.arena)
  return bank
}

const refused = (code: string): unknown => expect.objectContaining({ code, name: 'QueueLinkError' })

/** A closed arena's file. */
function file(): string {
  const place = path()
  openBank({ path: place }).arena.close()
  return place
}

function changed(place: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(place)
  change(bytes)
  writeFileSync(place, bytes)
  return place
}

describe('a file', () => {
  it.each<[string, string, (place: string) => unknown]>([
    ['is empty', 'ERR_DAMAGED', place => truncateSync(place, 0)],
    ['is cut', 'ERR_DAMAGED', place => truncateSync(place, 8192)],
    ['has grown', 'ERR_DAMAGED', place => truncateSync(place, 20_000)],
    ['is none of ours', 'ERR_FOREIGN', place => changed(place, bytes => bytes.fill(7))],
    ['is of another layout', 'ERR_LAYOUT', place => changed(place, bytes => bytes.writeUInt32LE(99, 8))],
    ['has a changed header', 'ERR_DAMAGED', place => changed(place, bytes => bytes.writeDoubleLE(1, 80))],
    ['is open to other users', 'ERR_UNSAFE_FILE', place => chmodSync(place, 0o644)],
  ])('that %s is refused', (_, code, damage) => {
    const place = file()
    damage(place)
    expect(() => bankAt(place)).toThrow(refused(code))
  })

  it('of another kind or version of a kind is refused', () => {
    const place = file()
    expect(() => bankAt(place, { kind: 'else' })).toThrow(refused('ERR_FOREIGN'))
    expect(() => bankAt(place, { version: 2 })).toThrow(refused('ERR_LAYOUT'))
  })

  it('that is a link, a directory or a FIFO is refused', () => {
    const link = path()
    symlinkSync(file(), link)
    const directory = path()
    mkdirSync(directory)
    const fifo = path()
    const bell = new Doorbell(fifo, () => {})
    for (const place of [link, directory, fifo]) {
      expect(() => bankAt(place)).toThrow(refused('ERR_UNSAFE_FILE'))
    }
    bell.close()
  })

  it('in a directory that is not there, or that is a file, is an error that says so', () => {
    const place = file()
    expect(() => bankAt(`${place}/queue`)).toThrow(refused('ERR_SYSTEM'))
    expect(() => bankAt(`${path()}/queue`)).toThrow(/no such file or directory/)
  })

  it.skipIf(!root)('of another user is refused (skipped unless run by root)', () => {
    const place = file()
    chownSync(place, 12_345, 12_345)
    expect(() => bankAt(place)).toThrow(refused('ERR_UNSAFE_FILE'))
  })

  it('that was damaged in any way is refused or used, and ends no process', async () => {
    const fuzz = fileURLToPath(new URL('../fixtures/os-fuzz.js', import.meta.url))
    const seed = String(1 + Math.floor(Math.random() * 1e9))
    const child = spawn(process.execPath, [fuzz, path(), '10000', seed], { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    const [code, signal] = await once(child, 'close')
    expect({ code, signal }, `seed ${seed}`).toEqual({ code: 0, signal: null })
    const outcomes = JSON.parse(out)
    expect(Object.keys(outcomes).sort(), out).toEqual(['ERR_DAMAGED', 'ERR_FOREIGN', 'ERR_LAYOUT', 'used'])
    expect(outcomes.used).toBe(Math.floor(10_000 / 12) * 4)
  }, 120_000)
})

describe('what a killed process left', () => {
  it('is swept when the next queue is made there, if it is old', () => {
    const directory = path()
    mkdirSync(directory)
    const place = join(directory, 'queue')
    const make = (kind: string, seconds: number): string => {
      const left = `${place}.${kind}-1-${seconds}`
      writeFileSync(left, '')
      const then = new Date(Date.now() - 1000 * seconds)
      utimesSync(left, then, then)
      return left
    }
    make('new', 60)
    const draft = make('new', 1)
    make('else', 60)
    const unheard = `${place}.bell-1-2`
    spawnSync('mkfifo', [unheard])
    utimesSync(unheard, 1, 1)
    bankAt(place)
    expect(readdirSync(directory).sort()).toEqual(
      [basename(place), basename(draft), `${basename(place)}.else-1-60`].sort(),
    )
  })

  it('is swept, and what lives is not', () => {
    const directory = path()
    mkdirSync(directory)
    const bell = join(directory, 'queue.bell-1-1')
    const heard = new Doorbell(bell, () => {})
    utimesSync(bell, 1, 1)
    bankAt(join(directory, 'queue'))
    expect(readdirSync(directory).sort()).toEqual(['queue', 'queue.bell-1-1'])
    heard.close()
  })
})

const mounts = root && spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

describe.skipIf(!mounts)('a full memory (skipped unless root may mount one)', () => {
  const mounted: string[] = []
  afterEach(() => {
    for (const place of mounted.splice(0)) execFileSync('umount', ['--lazy', place])
  })

  it('(P24) is a clear error, and harms nothing that is there', () => {
    const directory = path()
    mkdirSync(directory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', directory])
    mounted.push(directory)
    const place = join(directory, 'first')
    const bank = bankAt(place)
    expect(() => bankAt(join(directory, 'second'), { bodyBytes: 1 << 20 })).toThrow(refused('ERR_NO_SPACE'))
    expect(() => bankAt(join(directory, 'third'), { bodyBytes: 1 << 20 })).toThrow(/--shm-size/)
    expect(readdirSync(directory)).toEqual(['first'])
    const { bavail } = statfsSync(directory)
    expect(bavail).toBeGreaterThan(0)
    // To the last block.
    writeFileSync(join(directory, 'filler'), Buffer.alloc(bavail * 4096))
    expect(() => bankAt(join(directory, 'fourth'))).toThrow(refused('ERR_NO_SPACE'))
    expect(bank.arena.enter()).toBe(true)
    for (let word = 0; word < bank.words.length; word++) bank.words[word] = word
    bank.arena.leave()
    bank.arena.close()
  })
})

describe('the private directory', () => {
  const { QUEUELINK_DIR } = process.env
  afterEach(() => {
    if (QUEUELINK_DIR === undefined) delete process.env.QUEUELINK_DIR
    else process.env.QUEUELINK_DIR = QUEUELINK_DIR
  })

  it('is made for this user alone', () => {
    process.env.QUEUELINK_DIR = path()
    expect(privateDirectory()).toBe(process.env.QUEUELINK_DIR)
    expect(privateDirectory()).toBe(process.env.QUEUELINK_DIR)
    delete process.env.QUEUELINK_DIR
    expect(privateDirectory()).toBe(`/dev/shm/queuelink-${process.getuid?.()}`)
  })

  it.each<[string, (place: string) => unknown]>([
    ['is open to others', place => chmodSync(privateDirectory() && place, 0o755)],
    ['is a link', place => symlinkSync(dirname(place), place)],
    ['is a file', place => writeFileSync(place, '')],
    ...(root
      ? [['belongs to another user', (place: string) => chownSync(privateDirectory() && place, 12_345, 0)] as const]
      : []),
  ] as [string, (place: string) => unknown][])('is refused if it %s', (_, make) => {
    const place = path()
    process.env.QUEUELINK_DIR = place
    make(place)
    expect(() => privateDirectory()).toThrow(refused('ERR_UNSAFE_DIRECTORY'))
  })
})

describe('where no native code may be loaded', () => {
  it('an error says what to use instead, and nothing is left', async () => {
    const place = path()
    const env = { NODE_OPTIONS: '--no-addons' }
    expect((await run(['make', place], { env })).stdout).toMatch(/^ERR_UNSUPPORTED .* hostQueue\(\)/)
    expect(readdirSync(dirname(place)).filter(name => name.startsWith(basename(place)))).toEqual([])
    bankAt(place)
    expect((await run(['attach', place], { env })).stdout).toBe('ERR_UNSUPPORTED')
  })
})

describe('a name', () => {
  it.each(['', '.', '..', 'a/b', '../a', 'a\0b', 'a\nb', '\ud800', 'x'.repeat(129), 'ü'.repeat(65), 7, undefined])(
    'like %j is refused',
    name => {
      expect(() => checkName('name', name)).toThrow(refused('ERR_OPTION'))
    },
  )

  it.each(['a', 'orders.v2', 'Bücher und mehr', '..a', '日本', 'x'.repeat(128)])('like %j is taken', name => {
    expect(() => checkName('name', name)).not.toThrow()
  })
})
