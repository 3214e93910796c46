// `npm run mutation -- <folder or file>… [--tests=<beginning of a path>,…] [--longest=10000] [--workers=1] [--again] [--new] [--sample=100 --seed=1]`: what would the tests not notice?
// Every small change that Stryker's instrumenter knows is made to the sources named, one at a time, and the tests that
// come by it run until one fails: first those that noticed the last ones, then those of the contract, then the others, none that takes more than `--longest` ms. `--again` tries only what survived last,
// `--new` only what was never tried, `--sample` so many of them, chosen by the seed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { explained, listed, summary } from './mutation/report.js'
import { sample } from './mutation/sample.js'
import { makeSandbox } from './mutation/sandbox.js'
import { measure } from './mutation/tests.js'
import { Trial } from './mutation/trial.js'

/** @typedef {import('./mutation/sandbox.js').Mutant} Mutant @typedef {import('./mutation/trial.js').Result} Result */

const root = fileURLToPath(new URL('..', import.meta.url))
const OTHERS = [
  'test/core',
  'test/queues',
  'test/operators',
  'test/util',
  'test/testing',
  'marbles',
  'test/io',
  'test/link',
]
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string', default: ['test/contract', ...OTHERS].join(',') },
    longest: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '1' },
    again: { type: 'boolean', default: false },
    new: { type: 'boolean', default: false },
    sample: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
  },
})
if (positionals.length === 0) {
  console.error('name what to mutate: npm run mutation -- src/core src/queues/memory')
  process.exit(2)
}

/** What every run found, each mutant as it was tried last. */
const reportFile = join(root, 'build/mutation.json')
/** @param {Mutant} mutant */
const keyOf = ({ file, kind, change, nth }) => `${file} ${kind} ${change} ${nth}`
/** @returns {Map<string, Result>} */
const report = () => {
  /** @type {Result[]} */
  const results = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : []
  return new Map(results.map(result => [keyOf(result), result]))
}

const { sandbox, mutants } = await makeSandbox(root, positionals)
const before = report()
const asked = mutants.filter(mutant => {
  const by = before.get(keyOf(mutant))?.by
  return values.again || values.new ? (values.again && by === 'nothing') || (values.new && by === undefined) : true
})
const chosen = sample(asked, Number(values.sample), Number(values.seed))
console.log(`${mutants.length} mutants in ${positionals.join(' ')}, ${chosen.length} to try`)

const tests = await measure(sandbox, values.tests.split(','), Number(values.longest))
console.log(`${tests.good.length} tests`)
for (const { file, name, passed, ms } of tests.leftOut) {
  console.log(`left out: ${file}: ${name} (${passed ? `takes ${Math.round(ms)} ms` : 'fails here'})`)
}
for (const file of tests.empty) console.log(`left out: ${file}: no test of it ran`)
if (tests.good.length === 0) {
  console.error('no test passes in the sandbox: are the sources whole, and does --tests name any?')
  process.exit(2)
}

/** @type {Result[]} */
const results = []
const waiting = [...chosen]
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    save()
    process.exit(1)
  })
}
const start = Date.now()
async function work() {
  const trial = new Trial(sandbox, tests)
  for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
    const result = await trial.of(mutant)
    results.push(result)
    if (result.by === 'nothing') console.log(`survived: ${result.file}:${result.line} ${result.kind} ${result.change}`)
    if (results.length % 25 === 0) {
      const minutes = ((Date.now() - start) / 60_000).toFixed(1)
      const alive = results.filter(({ by }) => by === 'nothing').length
      console.log(`${results.length} of ${chosen.length} in ${minutes} min, ${alive} survived`)
      save()
    }
  }
  trial.end()
}
function save() {
  const all = report()
  for (const result of results) all.set(keyOf(result), result)
  writeFileSync(reportFile, JSON.stringify([...all.values()], null, 1))
  return all
}
await Promise.all(Array.from({ length: Number(values.workers) }, work))

const latest = save()
const all = mutants.flatMap(mutant => latest.get(keyOf(mutant)) ?? [])
const survivors = all.filter(({ by }) => by === 'nothing')
const isKnown = explained(join(root, 'docs/mutation.md'))
const unknown = survivors.filter(result => !isKnown(result))
console.log(`\n${summary(all)}\n`)
console.log(
  `${survivors.length} survived, for ${survivors.length - unknown.length} of them docs/mutation.md has a reason`,
)
console.log(`\n${listed(unknown)}`)
if (unknown.length > 0) process.exitCode = 1
