// Runs tests with one mutant switched on, up to the first that fails, as often as it is asked.
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { startTests } from '@vitest/runner'

/**
 * @typedef {object} Order
 * @property {{ filepath: string, testIds?: string[] }[]} specs
 * @property {string} [mutant] without one, every test runs, and is reported with the mutants that it comes by
 * @property {number} hitLimit how often the mutant may be come by: more is a loop without end
 * @property {Record<string, number>} patience tenths of a second that each test may take
 *
 * @typedef {object} Seen
 * @property {string} id
 * @property {string} file
 * @property {string} name
 * @property {number} ms
 * @property {boolean} passed
 * @property {Record<string, number>} hits
 *
 * `caught`: by what; `sure`: that test passes, here and now, without the mutant; `suspect`: its id, where it is known.
 * @typedef {{ caught: string, sure: boolean, suspect?: string }} Verdict
 * @typedef {Verdict | { survived: true } | { test: Seen } | { loaded: string[] } | { turn: number }} Report
 */

/** What the switches of the mutants look at. @type {Record<string, any>} */
const switches = { mutantCoverage: { static: {}, perTest: {} } }
const global = /** @type {Record<string, any>} */ (globalThis)
global.__stryker__ = switches

/** A test file is loaded anew each time, for its tests; what it imports is not. */
let loads = 0
/** Tenths of a second since a test began or ended. */
let idle = 0
/** While all tests are measured there is no limit. */
let patience = Number.POSITIVE_INFINITY
/** The test that runs, or ran last. @type {string | undefined} */
let running
let giveUp = () => {}

/** @param {Report} report */
function tell(report) {
  process.send?.(report)
}

/** What this process is worth after such an end nobody knows. @param {string} caught */
function tellAndLeave(caught, test = running) {
  process.send?.({ caught, sure: false, suspect: test }, () => process.exit())
}

/** @param {string | undefined} mutant @param {number} hitLimit */
function activate(mutant, hitLimit) {
  Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit })
  // For the processes that tests start.
  if (mutant === undefined) delete process.env.__STRYKER_ACTIVE_MUTANT__
  else process.env.__STRYKER_ACTIVE_MUTANT__ = mutant
}

/** @param {any[]} tasks @param {(task: any) => void} visit */
function eachTask(tasks, visit) {
  for (const task of tasks) {
    visit(task)
    if (task.tasks) eachTask(task.tasks, visit)
  }
}

/** @param {any} task */
function nameOf(task) {
  const names = []
  for (let at = task; at && at !== task.file; at = at.suite) names.unshift(at.name)
  return names.join(' > ')
}

/**
 * Runs the tests one after the other, none after one that `onEnd` answers true for.
 * @param {Order['specs']} specs
 * @param {{ onLoad?: () => void, onStart?: (test: any) => void, onEnd: (task: any) => boolean }} listener
 */
async function runTests(specs, { onLoad, onStart, onEnd }) {
  loads++
  /** @type {any[]} */
  let collected = []
  const runner = {
    pool: 'forks',
    config: {
      root: import.meta.dirname,
      sequence: { shuffle: false, concurrent: false, hooks: 'stack', setupFiles: 'list' },
      setupFiles: [],
      maxConcurrency: 1,
      testTimeout: 0,
      hookTimeout: 0,
      retry: 0,
      tags: [],
      passWithNoTests: true,
    },
    /** @param {string} file */
    importFile: file => import(`${pathToFileURL(file).href}?${loads}`),
    /** @param {any[]} files */
    onCollected(files) {
      collected = files
      eachTask(files, task => (task.concurrent = false))
      onLoad?.()
      // A file that cannot be loaded is as good as a test that fails.
      for (const file of files) if (file.result?.state === 'fail') ended(file)
    },
    /** @param {any} test */
    onBeforeRunTask(test) {
      idle = 0
      onStart?.(test)
    },
    onAfterRunTask: ended,
    onAfterRunSuite: ended,
  }
  /** @param {any} task */
  function ended(task) {
    idle = 0
    const state = task.result?.state
    if ((state !== 'pass' && state !== 'fail') || !onEnd(task)) return
    eachTask(collected, other => (other.mode = 'skip'))
  }
  await startTests(specs, /** @type {never} */ (runner))
  // What went wrong behind the back of the last test shows in a moment.
  await new Promise(resolve => setTimeout(resolve, 5))
}

/** @param {Order} order */
async function record({ specs }) {
  const onLoad = () => tell({ loaded: Object.keys(switches.mutantCoverage.static) })
  const onStart = (/** @type {any} */ test) => (switches.currentTestId = test.id)
  const onEnd = (/** @type {any} */ test) => {
    if (test.type !== 'test') return false
    switches.currentTestId = undefined
    const { id, file, result } = test
    const hits = switches.mutantCoverage.perTest[id] ?? {}
    const passed = result.state === 'pass'
    tell({ test: { id, file: file.filepath, name: nameOf(test), ms: result.duration ?? 0, passed, hits } })
    return false
  }
  await runTests(specs, { onLoad, onStart, onEnd })
  tell({ survived: true })
}

/** @param {Order & { mutant: string }} order */
async function tryOut({ specs, mutant, hitLimit, patience: turns }) {
  /** @type {any} */
  let failed
  const onEnd = (/** @type {any} */ task) => {
    if (task.result.state === 'fail') failed ??= task
    return failed !== undefined
  }
  const onStart = (/** @type {any} */ { id }) => {
    running = id
    patience = turns[id] ?? 10
  }
  patience = 20
  activate(mutant, hitLimit)
  await runTests(specs, { onStart, onEnd })
  const looped = switches.hitCount > hitLimit
  activate(undefined, hitLimit)
  if (looped) return tellAndLeave('a loop without end')
  if (!failed) return tell({ survived: true })
  const caught = nameOf(failed)
  if (failed.type !== 'test') return tellAndLeave(caught)

  let sure = false
  giveUp = () => tellAndLeave(caught, failed.id)
  await runTests([{ filepath: failed.file.filepath, testIds: [failed.id] }], {
    onEnd: task => (sure = task.result.state === 'pass') === false,
  })
  if (sure) tell({ caught, sure })
  else tellAndLeave(caught, failed.id)
}

process.on('message', async message => {
  const order = /** @type {Order} */ (message)
  const { mutant } = order
  if (mutant === undefined) return record(order)
  giveUp = () => tellAndLeave('a test without end')
  await tryOut({ ...order, mutant })
})
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, () => switches.currentTestId === undefined && tellAndLeave(event))
}
// A turn that comes late does not count: a machine that is busy with other things is no reason to give up.
let last = performance.now()
setInterval(() => {
  tell({ turn: last })
  const passed = performance.now() - last
  last += passed
  if (passed < 150 && ++idle === patience) giveUp()
}, 100)
