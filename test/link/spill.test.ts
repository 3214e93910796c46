import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SpillError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { Reference, SpillDirectory } from '#src/core/spill'
import { fateOf } from '#src/os/fate'
import { processMark } from '#src/os/process-mark'
import { failureOf, leavesNothing, until } from './help.js'

leavesNothing()

const PREFIX = 'queuelink-spill'
const TWO_DAYS = 2 * 24 * 60 * 60

/** A directory as a process with this id and mark would have left it. */
function left(pid: number, mark: string, age = 0): string {
  const path = join(tmpdir(), `${PREFIX}-${pid}-AbCdEf012345-${mark}`)
  mkdirSync(path)
  const then = Date.now() / 1000 - age
  utimesSync(path, then, then)
  return path
}

describe('a spill directory', () => {
  it('[S1][S3] keeps a payload until it is read, once', async () => {
    const spill = await SpillDirectory.make()
    const reference = await spill.write(Buffer.from('payload'))
    expect(reference).toMatchObject({ bytes: 7, file: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(readdirSync(spill.path)).toEqual([reference.file])
    expect((await spill.read(reference)).toString()).toBe('payload')
    expect(readdirSync(spill.path)).toEqual([])
    expect(await failureOf(spill.read(reference))).toBeInstanceOf(SpillError)
    await spill.remove()
    expect(existsSync(spill.path)).toBe(false)
  })

  it('is open to its owner alone', async () => {
    const spill = await SpillDirectory.make()
    const { file } = await spill.write(Buffer.from('secret'))
    expect(statSync(spill.path).mode & 0o777).toBe(0o700)
    expect(statSync(join(spill.path, file)).mode & 0o777).toBe(0o600)
    await spill.clear()
    expect(readdirSync(spill.path)).toEqual([])
    await spill.remove()
  })

  it('is made again when somebody took it for forgotten', async () => {
    const spill = await SpillDirectory.make()
    rmSync(spill.path, { recursive: true })
    const reference = await spill.write(Buffer.from('still'))
    expect(statSync(spill.path).mode & 0o777).toBe(0o700)
    expect((await spill.read(reference)).toString()).toBe('still')
    await spill.remove()
  })

  it('[S6][S7][S8] tells what is wrong with a reference, and opens nothing outside', async () => {
    const spill = await SpillDirectory.make()
    const { file, checksum } = await spill.write(Buffer.from('payload'))
    for (const [reference, message] of [
      [new Reference('../../etc/passwd', 7, checksum), 'outside'],
      [new Reference('/etc/passwd', 7, checksum), 'outside'],
      [new Reference(`${file}/..`, 7, checksum), 'outside'],
      [
        new Reference(
          file.replace(/^./, c => (c === 'a' ? 'b' : 'a')),
          7,
          checksum,
        ),
        'gone',
      ],
      [new Reference(file, 8, checksum), 'not what was written'],
    ] as const) {
      const error = await failureOf((async () => spill.read(reference))())
      expect(error).toBeInstanceOf(SpillError)
      expect(error.message).toContain(message)
    }
    await spill.remove()
  })

  it('[S9] sweeps what the dead have left, and nothing of the living', async () => {
    const [started, namespace] = processMark().split('.')
    const { pid: dead } = spawnSync('true')
    const gone = left(dead, `1.${namespace}`)
    const reused = left(process.pid, `1.${namespace}`)
    const mine = left(process.pid, `${started}.${namespace}`)
    const elsewhere = left(1, '1.1')
    const forgotten = left(2, '1.1', TWO_DAYS)
    const spill = await SpillDirectory.make()
    await until(() => ![gone, reused, forgotten].some(existsSync), 'the removal of what the dead have left')
    expect([mine, elsewhere].map(existsSync)).toEqual([true, true])
    rmSync(mine, { recursive: true })
    rmSync(elsewhere, { recursive: true })
    await spill.remove()
  })
})

it('a mark tells a process from those that had its id before', () => {
  expect(processMark()).toMatch(/^\d+\.\d+$/)
  expect(processMark(process.pid)).toBe(processMark())
  expect(fateOf(process.pid, processMark())).toBe('alive')
  expect(fateOf(process.pid, `1.${processMark().split('.')[1]}`)).toBe('dead')
  expect(fateOf(process.pid, '1.1')).toBe('unknown')
})
