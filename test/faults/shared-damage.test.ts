import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** Runs a program with a directory of its own for queues. */
function run(script: string, directory: string, ...args: string[]) {
  const env = { ...process.env, QUEUELINK_DIR: directory }
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' })
  return { status, signal, stdout, stderr }
}

function inDirectory<R>(use: (directory: string) => R): R {
  const directory = mkdtempSync(join(tmpdir(), 'queuelink-test-'))
  try {
    return use(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('a file of a shared queue that something else has written to', () => {
  it('is refused or used, and never the end of the process (P23) (P24)', () => {
    const seed = Date.now() % 1e6
    const { status, signal, stdout, stderr } = inDirectory(directory =>
      run(fixture('shared-damage.js'), directory, 'queue', '300', String(seed)),
    )
    expect({ seed, status, signal, stderr }).toEqual({ seed, status: 0, signal: null, stderr: '' })
    const outcome = JSON.parse(stdout) as Record<string, number>
    expect(Object.keys(outcome).filter(how => !/^(used|ERR_[A-Z_]+)$/.test(how))).toEqual([])
    expect(outcome.ERR_DAMAGED).toBeGreaterThan(50)
  })
})

/** A file system of 3 MiB; undefined where it cannot be had. */
function small(directory: string): string | undefined {
  const at = join(directory, 'small')
  const mount = `mkdir -m 700 ${at} && mount -t tmpfs -o size=3m,mode=0700 tmpfs ${at}`
  return spawnSync('sh', ['-c', mount]).status === 0 ? at : undefined
}

const canMount =
  existsSync('/proc/self/ns') && spawnSync('unshare', ['-m', 'true']).status === 0 && process.getuid?.() === 0

describe('memory that is full', () => {
  it.skipIf(!canMount)('fails what needs more of it, and harms nothing that is stored (P24)', () => {
    inDirectory(directory => {
      const at = small(directory)
      try {
        const { status, stdout, stderr } = run(fixture('shared-full.js'), at ?? directory)
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
        expect(JSON.parse(stdout)).toEqual({
          large: 'ERR_NO_SPACE',
          spilled: 'ERR_SPILL',
          says: true,
          small: 'stored',
          got: ['before', 'after'],
          sum: true,
        })
      } finally {
        spawnSync('umount', [at ?? ''])
      }
    })
  })
})
