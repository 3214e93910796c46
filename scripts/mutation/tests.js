// Which tests come by which mutants, measured once, without any mutant.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from './processes.js'
import { unharmed } from './stops.js'

/** @typedef {import('./worker.js').Seen} Seen */

/** A test that takes more ms is dear: it runs for those mutants only that no other test notices. */
const QUICK = 500

const TEST = /^(test|marbles)\/.*\.(test|marbles)\.js$/

/**
 * @typedef {object} Tests
 * @property {Seen[]} good in the order of their files
 * @property {Set<Seen>} dear those among the good
 * @property {Seen[]} leftOut
 * @property {string[]} empty files of which no test ran: they cannot be loaded, or have none
 * @property {Set<string>} loaded mutants met while modules load: any test may find them
 */

/**
 * @param {string} sandbox
 * @param {readonly string[]} folders
 * @param {number} longest a test that takes more ms is left out
 * @returns {Promise<Tests>}
 */
export async function measure(sandbox, folders, longest) {
  const all = readdirSync(sandbox, { recursive: true, encoding: 'utf8' }).filter(name => TEST.test(name))
  const files = folders.flatMap(folder => all.filter(name => name.startsWith(folder)).sort())
  /** @param {Seen} test */
  const isGood = test => test.passed && test.ms <= longest
  /** @type {Tests} */
  const tests = { good: [], dear: new Set(), leftOut: [], empty: [], loaded: new Set() }
  for (const file of files) {
    const seen = await unharmed(
      () => run(sandbox, file, tests.loaded),
      result => result.length === 0 || result.some(test => !isGood(test)),
    )
    if (seen.length === 0) tests.empty.push(file)
    for (const test of seen) {
      if (test.ms > QUICK) tests.dear.add(test)
      ;(isGood(test) ? tests.good : tests.leftOut).push(test)
    }
  }
  return tests
}

/** @param {string} sandbox @param {string} file @param {Set<string>} loaded gains the mutants met while its modules load */
async function run(sandbox, file, loaded) {
  /** @type {Seen[]} */
  const seen = []
  const worker = new Worker(sandbox)
  await worker.ask({ specs: [{ filepath: join(sandbox, file) }], hitLimit: 0, patience: {} }, 300, 300, report => {
    if ('loaded' in report) for (const id of report.loaded) loaded.add(id)
    if ('test' in report) seen.push({ ...report.test, file })
  })
  worker.end()
  return seen
}
