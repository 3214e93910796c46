// `npm test`: every check in order, stopping at the first that fails, with a summary at the end.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const STEPS = ['build', 'lint', 'typecheck', 'depcheck', 'test:only', 'pack:check']

const summary = []
let failed = false
for (const step of STEPS) {
  if (failed) {
    summary.push(`  -     ${step} (not run)`)
    continue
  }
  console.log(`\n=== ${step}`)
  const start = performance.now()
  const { status, signal } = spawnSync('npm', ['run', '--silent', step], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  failed = status !== 0
  summary.push(`  ${failed ? 'FAIL ' : 'ok   '} ${step} (${seconds} s)${signal ? ` ended by ${signal}` : ''}`)
}

console.log(`\n=== ${failed ? 'failed' : 'all checks passed'}\n${summary.join('\n')}`)
process.exitCode = failed ? 1 : 0
