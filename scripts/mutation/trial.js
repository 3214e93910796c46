// Tries mutants out, one after the other.
import { join } from 'node:path'
import { Worker } from './processes.js'

/** @typedef {import('./sandbox.js').Mutant} Mutant @typedef {import('./worker.js').Seen} Seen @typedef {import('./tests.js').Tests} Tests */
/** @typedef {'contract' | 'others' | 'nothing'} By @typedef {Mutant & { by: By, caught: string, tests: number }} Result */

/** Files whose tests start processes or leave something behind when they are cut short: a new worker for each mutant. */
const ALONE = /^test\/(?!contract|core|queues|operators|util|testing)/

export class Trial {
  #sandbox
  #tests
  /** @type {Worker | undefined} */
  #worker

  /** @param {string} sandbox @param {Tests} tests */
  constructor(sandbox, tests) {
    this.#sandbox = sandbox
    this.#tests = tests
  }

  /** First the tests of the contract, then the others. @param {Mutant} mutant @returns {Promise<Result>} */
  async of(mutant) {
    const isLoaded = this.#tests.loaded.has(mutant.id)
    const covering = this.#tests.good.filter(({ hits }) => isLoaded || hits[mutant.id])
    const isContract = (/** @type {Seen} */ { file }) => file.startsWith('test/contract/')
    const stages = { contract: covering.filter(isContract), others: covering.filter(test => !isContract(test)) }
    for (const by of /** @type {const} */ (['contract', 'others'])) {
      if (stages[by].length === 0) continue
      const caught = await this.#caught(mutant.id, stages[by], isLoaded)
      if (caught !== undefined) return { ...mutant, by, caught, tests: covering.length }
    }
    return { ...mutant, by: 'nothing', caught: '', tests: covering.length }
  }

  end() {
    this.#worker?.end()
  }

  /**
   * @param {string} mutant
   * @param {Seen[]} tests
   * @param {boolean} isLoaded
   */
  async #caught(mutant, tests, isLoaded) {
    const alone = isLoaded || tests.some(({ file }) => ALONE.test(file))
    const hits = tests.reduce((sum, test) => sum + (test.hits[mutant] ?? 0), 0)
    const slowest = Math.max(...tests.map(({ ms }) => ms))
    const order = {
      mutant,
      specs: this.#specs(tests),
      hitLimit: hits * 100 + 10_000,
      patience: 10 + Math.ceil(slowest / 20),
    }
    if (alone) this.#letGo()
    for (;;) {
      if (this.#worker?.gone) this.#worker = undefined
      this.#worker ??= new Worker(this.#sandbox)
      const { used } = this.#worker
      const verdict = await this.#worker.ask(order, 300)
      const isSure = 'survived' in verdict || verdict.sure
      if (alone || !isSure) this.#letGo()
      if ('survived' in verdict) return undefined
      // What another mutant left behind may have been the reason: a new worker tells.
      if (verdict.sure || !used) return verdict.caught
    }
  }

  #letGo() {
    this.#worker?.end()
    this.#worker = undefined
  }

  /** Quick files first. @param {Seen[]} tests */
  #specs(tests) {
    /** @type {Map<string, { testIds: string[], ms: number }>} */
    const files = new Map()
    for (const { file, id, ms } of tests) {
      const entry = files.get(file) ?? { testIds: [], ms: 0 }
      files.set(file, { testIds: [...entry.testIds, id], ms: entry.ms + ms })
    }
    return [...files]
      .sort(([, a], [, b]) => a.ms - b.ms)
      .map(([file, { testIds }]) => ({ filepath: join(this.#sandbox, file), testIds }))
  }
}
