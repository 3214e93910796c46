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

  /** First the tests of the contract, then the others; those that need a worker of their own come last. @param {Mutant} mutant @returns {Promise<Result>} */
  async of(mutant) {
    const isLoaded = this.#tests.loaded.has(mutant.id)
    const covering = this.#tests.good.filter(({ hits }) => isLoaded || hits[mutant.id])
    const isContract = (/** @type {Seen} */ { file }) => file.startsWith('test/contract/')
    const isAlone = (/** @type {Seen} */ { file }) => ALONE.test(file)
    const others = covering.filter(test => !isContract(test))
    /** @type {[By, boolean, Seen[]][]} */
    const stages = [
      ['contract', isLoaded, covering.filter(isContract)],
      ['others', isLoaded, others.filter(test => !isAlone(test))],
      ['others', true, others.filter(isAlone)],
    ]
    for (const [by, alone, tests] of stages) {
      if (tests.length === 0) continue
      const caught = await this.#caught(mutant.id, tests, alone)
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
   * @param {boolean} alone
   */
  async #caught(mutant, tests, alone) {
    if (alone) this.#letGo()
    let some = tests
    for (;;) {
      if (this.#worker?.gone) this.#worker = undefined
      this.#worker ??= new Worker(this.#sandbox)
      const { used } = this.#worker
      const verdict = await this.#worker.ask(this.#order(mutant, some), 300)
      const isSure = 'survived' in verdict || verdict.sure
      if (alone || !isSure || some !== tests) this.#letGo()
      if (!('survived' in verdict)) {
        if (verdict.sure || !used) return verdict.caught
        // What another mutant left behind may have been the reason: a new worker tells, by that test alone first.
        const suspect = tests.filter(({ id }) => id === verdict.suspect)
        some = suspect.length > 0 ? suspect : tests
      } else if (some === tests) return undefined
      else some = tests
    }
  }

  /** @param {string} mutant @param {Seen[]} tests @returns {import('./worker.js').Order} */
  #order(mutant, tests) {
    const hits = tests.reduce((sum, test) => sum + (test.hits[mutant] ?? 0), 0)
    const patience = Object.fromEntries(tests.map(({ id, ms }) => [id, 7 + Math.ceil(ms / 20)]))
    return { mutant, specs: this.#specs(tests), hitLimit: hits * 100 + 10_000, patience }
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
