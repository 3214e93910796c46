import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { durableQueue } from 'queuelink'
import { afterEach, describe, expect, it } from 'vitest'
import { checkFileSystem } from '#src/queues/durable/file-system'
import { fresh, open, run, scratch } from '../queues/durable/help.js'
import { codeOf, until } from '../queues/help.js'

describe('processes that are killed', () => {
  it('lose nothing that was put, and hold nothing together (P3, P11)', async () => {
    const { line, ended } = run('durable-torture.js', '6')
    const { put, ...rest } = JSON.parse(await line()) as Record<string, number>
    expect([await ended, put! > 0, rest]).toMatchObject([0, true, { lost: 0, violations: 0, unexpected: 0, left: 0 }])
  })

  it('give back all that they held, in its place, its attempts counted (Q6.3, Q6.4, P9, P20)', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<number>(path)
    await queue.putBatch([1, 2, 3, 4])
    const holder = run('durable-user.js', 'hold', path, '2')
    expect(JSON.parse(await holder.line())).toEqual([1, 2])
    expect([queue.size, (await queue.stat()).leased]).toEqual([2, 2])
    holder.child.kill('SIGKILL')
    await holder.ended
    // One that waits looks for the dead.
    const waiting = [await queue.receive(), await queue.receive()]
    const rest = [await queue.receive(), await queue.receive()]
    const all = [...waiting, ...rest].map(({ value, attempt }) => [value, attempt])
    expect(all.sort()).toEqual([
      [1, 2],
      [2, 2],
      [3, 1],
      [4, 1],
    ])
  })

  it('have settled what they acknowledged in their last moment (Q7.1)', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<number>(path)
    await queue.put(1)
    expect(await run('durable-user.js', 'ackAndDie', path).ended).toBe('SIGKILL')
    const waiting = queue.get()
    await until(() => queue.isEmpty)
    await queue.put(2)
    expect(await waiting).toBe(2)
    await queue.close()
    expect((await open(path)).size).toBe(0)
  })
})

/** What the system was asked to bring to the disk between two lines of a program. */
function syncs(durability: string): number | undefined {
  const directory = scratch()
  const trace = join(directory, 'trace')
  const program = fileURLToPath(new URL('../fixtures/durable-user.js', import.meta.url))
  const filter = ['-f', '-o', trace, '-e', 'trace=fdatasync,fsync,msync,write']
  const queue = join(directory, 'queue')
  const { status } = spawnSync('strace', [...filter, process.execPath, program, 'store', queue, durability])
  if (status !== 0) return undefined
  const between = readFileSync(trace, 'utf8').split(/"(?:begin|stored)\\n"/)[1] ?? ''
  return between.match(/\b(fdatasync|fsync|msync)\(/g)?.length ?? 0
}

const synced = syncs('sync')
const needsStrace = synced === undefined ? ' (skipped: strace is not there, or not allowed)' : ''

it.skipIf(needsStrace)(
  `a put resolves when it was brought to the disk, unless that is not asked for (P8)${needsStrace}`,
  () => {
    expect(synced).toBeGreaterThanOrEqual(3)
    expect(syncs('async')).toBe(0)
  },
)

/** A file system of so many MiB of its own; undefined where that is not allowed. */
function mountSmall(): string | undefined {
  const path = join(scratch(), 'small')
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path], { stdio: 'ignore' })
    mounts.push(path)
    return path
  } catch {
    return undefined
  }
}

const mounts: string[] = []
afterEach(() => {
  for (const path of mounts.splice(0)) spawnSync('umount', ['-l', path])
})

const canMount = process.getuid?.() === 0 && mountSmall() !== undefined
for (const path of mounts.splice(0)) spawnSync('umount', ['-l', path])

describe('a full disk', () => {
  const needsMount = canMount ? '' : ' (skipped: only root can mount a small file system)'

  it.skipIf(!canMount)(
    `refuses puts, keeps what is there, and goes on when there is room again (P13)${needsMount}`,
    async () => {
      const path = mountSmall() as string
      const queue = await open<string>(join(path, 'queue'))
      await queue.put('first')
      writeFileSync(join(path, 'ballast'), Buffer.alloc(statfsSync(path).bavail * statfsSync(path).bsize - 1_000_000))
      const codes: unknown[] = []
      for (let i = 0; i < 60; i++) codes.push(await codeOf(queue.put(`${i}`.padEnd(30_000, 'x'))))
      const stored = codes.filter(code => code === undefined).length
      expect(new Set(codes)).toEqual(new Set([undefined, 'ERR_NO_SPACE']))
      expect(queue.size).toBe(stored + 1)
      rmSync(join(path, 'ballast'))
      await queue.put('last')
      const items = await queue.getBatch(100)
      expect([items.length, items[0], items.at(-1)]).toEqual([stored + 2, 'first', 'last'])
    },
  )

  it.skipIf(!canMount)(`has one error whatever is tried, and ends nothing${needsMount}`, async () => {
    const path = mountSmall() as string
    const queue = await open<string>(join(path, 'queue'))
    await queue.putBatch(['a', 'b', 'c'])
    const held = await queue.receive()
    writeFileSync(join(path, 'ballast'), Buffer.alloc(statfsSync(path).bavail * statfsSync(path).bsize))
    const large = 'x'.repeat(100_000)
    expect(() => queue.putNowait(large)).toThrow(/is full/)
    const tried = [queue.put(large), queue.compact()]
    const codes = [...(await Promise.all(tried.map(codeOf))), await codeOf(open(join(path, 'other')))]
    expect(codes).toEqual(codes.map(() => 'ERR_NO_SPACE'))
    // What needs little finds room that was kept.
    await queue.shutdown()
    await queue.reopen()
    await held.ack()
    rmSync(join(path, 'ballast'))
    expect([await queue.getBatch(10), queue.size]).toEqual([['b', 'c'], 0])
    expect(readdirSync(join(path, 'queue', 'payloads'))).toEqual([])
  })

  it.skipIf(!canMount)(`makes room by what is acknowledged${needsMount}`, async () => {
    const path = mountSmall() as string
    const queue = await open<string>(join(path, 'queue'))
    writeFileSync(join(path, 'ballast'), Buffer.alloc(statfsSync(path).bavail * statfsSync(path).bsize - 1_000_000))
    let stored = 0
    while ((await codeOf(queue.put('x'.repeat(30_000)))) === undefined) stored++
    for (let i = 0; i < stored; i++) await queue.get()
    await expect.poll(() => codeOf(queue.put('y'.repeat(30_000)))).toBe(undefined)
    expect(queue.size).toBe(1)
  })
})

it('lets a process end, and nobody wait for it, though a put is on its way (Q12.6)', async () => {
  const path = join(scratch(), 'queue')
  const program = fileURLToPath(new URL('../fixtures/durable-exit.js', import.meta.url))
  const ways = [2, 3].flatMap(immediates => ['exits', 'throws'].map(how => [`${immediates}`, how]))
  const ends = ways.map(async way => {
    const child = spawn(process.execPath, [program, path, ...way], { stdio: 'ignore' })
    const [code, signal] = await once(child, 'exit')
    return signal ?? code
  })
  for (const [at, end] of (await Promise.all(ends)).entries()) {
    expect([ways[at]?.[1] === 'exits' ? 3 : 1, 'SIGALRM']).toContain(end)
  }
  const queue = await open<string>(path)
  await queue.put('afterwards')
  expect((await queue.getBatch(100)).filter(item => item === 'stored').length).toBe(ways.length)
})

it('fails puts, and ends nothing, when its directory is taken away', async () => {
  const path = join(scratch(), 'queue')
  const queue = await open<string>(path)
  await queue.put('a')
  rmSync(path, { recursive: true })
  expect(await Promise.all([codeOf(queue.put('b')), codeOf(queue.put('x'.repeat(100_000)))])).toEqual([
    'ERR_FILE',
    'ERR_FILE',
  ])
  await queue.close()
  expect(existsSync(path)).toBe(false)
})

describe('what cannot be used', () => {
  it('is refused, each with an error of its own (P10)', async () => {
    const directory = scratch()
    const file = join(directory, 'file')
    writeFileSync(file, 'x')
    expect(await codeOf(durableQueue(file))).toBe('ERR_FOREIGN')
    const other = join(directory, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'letters.txt'), 'x')
    expect(await codeOf(durableQueue(other))).toBe('ERR_FOREIGN')
    for (const content of ['', 'garbage'.repeat(10_000)]) {
      const foreign = join(scratch(), 'queue')
      mkdirSync(foreign)
      writeFileSync(join(foreign, 'items-0.mdb'), content)
      expect(await codeOf(durableQueue(foreign))).toBe('ERR_FOREIGN')
    }
  })

  it('is refused when it was cut short, instead of ending the process', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<string>(path)
    await queue.putBatch(Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(500)))
    await queue.close()
    for (const bytes of [400_000, 100_000, 4096 + 50, 100]) {
      truncateSync(join(path, 'items-0.mdb'), bytes)
      expect(await codeOf(durableQueue(path))).toMatch(/^ERR_(DAMAGED|FOREIGN)$/)
    }
  })

  it('is refused when it is a lmdb file of something else', async () => {
    const path = join(scratch(), 'queue')
    mkdirSync(path)
    const lmdb = await import('lmdb')
    const other = lmdb.open({ path: join(path, 'items-0.mdb') })
    await other.put('a', 1)
    await other.close()
    expect(await codeOf(durableQueue(path))).toBe('ERR_FOREIGN')
  })

  it('is refused on file systems where locks do not hold', () => {
    const check = (type: number) => () => checkFileSystem('/mnt/share', type)
    for (const type of [0x6969, 0xff534d42, 0xfe534d42 | 0]) expect(check(type)).toThrow(/hostQueue/)
    for (const type of [0xef53, 0x01021994, 0x9123683e, 0x58465342]) expect(check(type)).not.toThrow()
  })

  it('is refused where nothing can be written', async () => {
    const readOnly = scratch()
    if (!canMount) return
    const bind = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', readOnly])
    mounts.push(readOnly)
    expect([bind.status, await codeOf(durableQueue(join(readOnly, 'queue')))]).toEqual([0, 'ERR_NOT_WRITABLE'])
  })

  it('is made anew where it holds leases only', async () => {
    const path = join(scratch(), 'queue')
    const queue = await open<number>(path)
    await queue.putBatch([1, 2])
    await queue.close()
    for (const damage of [
      () => rmSync(join(path, 'leases')),
      () => truncateSync(join(path, 'leases'), 100),
      () => writeFileSync(join(path, 'leases'), 'garbage'.repeat(100_000)),
    ]) {
      damage()
      const again = await open<number>(path)
      expect([again.size, await again.get({ timeout: 0 })]).toEqual([2, 1])
      await again.put(1, { priority: -1 })
      await again.close()
    }
  })
})

it('forgets nothing that was leased when it is full of leases', async () => {
  const queue = await fresh<number>({ durability: 'async' })
  const items = Array.from({ length: 30_000 }, (_, i) => i)
  await queue.putBatch(items)
  const seen = new Set<number>()
  const done = queue.consume(item => void seen.add(item), { concurrency: 100 })
  await queue.shutdown()
  await done
  expect(seen.size).toBe(items.length)
})
