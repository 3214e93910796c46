import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('../torture/shared.js', import.meta.url))

it('keeps its promises while its users are killed: the short form of npm run torture (Q6.3) (Q12.1) (P20) (P22)', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '6'], { encoding: 'utf8', timeout: 110_000 })
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' })
  const { kills, put, delivered } = JSON.parse(stdout) as Record<string, number>
  expect([kills, put, delivered].every(count => count !== undefined && count > 0)).toBe(true)
}, 120_000)
