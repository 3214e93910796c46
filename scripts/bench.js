// `npm run bench [-- NAME...]`: builds, then runs these contests, or all of them, one after another.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const CONTESTS = ['inline', 'each', 'lines', 'shared', 'latency', 'durable', 'relay', 'start', 'hosted', 'parallel']

const names = process.argv.slice(2)
const unknown = names.find(name => !CONTESTS.includes(name))
if (unknown !== undefined) throw new Error(`there is no contest '${unknown}'; there are ${CONTESTS.join(', ')}`)

run('npm', ['run', '--silent', 'build'])
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'bench'])
if (!existsSync(new URL('../bench/peers/node_modules', import.meta.url))) {
  console.log('Others to compare with are not installed: npm run bench:peers does that (it needs python3).')
}
for (const name of names.length > 0 ? names : CONTESTS) {
  console.log(`\n=== ${name}`)
  run(process.execPath, [`build/bench/${name}.js`])
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
