import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('../torture/link.js', import.meta.url))

interface Line {
  readonly put: number
  readonly killed: number
  readonly stopped: number
}

it('[L13][L28][L47] loses nothing while children of links are killed and stopped: the short form of npm run torture:link', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '7', '1'], {
    encoding: 'utf8',
    timeout: 110_000,
  })
  expect({ status, stderr, stdout }, stdout).toMatchObject({ status: 0, stderr: '' })
  const { lines } = JSON.parse(stdout) as { lines: Line[] }
  const sum = (key: keyof Line): number => lines.reduce((total, line) => total + line[key], 0)
  expect([sum('killed'), sum('stopped'), sum('put') > 0]).toEqual([7, 1, true])
}, 120_000)
