// Tries mutants out, one after the other.
import { join } from 'node:path'
import { Worker } from './processes.js'
import { unharmed } from './stops.js'

/** @typedef {import('./sandbox.js').Mutant} Mutant @typedef {import('./worker.js').Seen} Seen @typedef {import('./tests.js').Tests} Tests */
/** @typedef {Mutant & { by: 'contract' | 'others' | 'nothing', caught: string, tests: number }} Result */

/** How many tests go before all others: those that noticed mutants last, for the next one is close by; dear ones if that was in the same file. */
const LAST = 8

const CONTRACT = /^test\/contract\//

/** Files whose tests start processes or leave something behind when they are cut short: a new worker for each mutant. */
const ALONE = /^test\/(?!contract|core|queues|operators|util|testing)/

export class Trial {
  #sandbox
  #tests
  /** @type {Worker | undefined} */
  #worker
  /** Names of the tests that noticed a mutant, and in which file the last time, the last one first. @type {[name: string, file: string][]} */
  #noticing = []

  /** @param {string} sandbox @param {Tests} tests */
  constructor(sandbox, tests) {
    this.#sandbox = sandbox
    this.#tests = tests
  }

  /** @param {Mutant} mutant @returns {Promise<Result>} */
  async of(mutant) {
    const isLoaded = this.#tests.loaded.has(mutant.id)
    const covering = this.#tests.good.filter(({ hits }) => isLoaded || hits[mutant.id])
    for (const [alone, tests] of this.#stages(covering, mutant.file)) {
      if (tests.length === 0) continue
      const caught = await this.#caught(mutant.id, tests, alone || isLoaded)
      if (caught === undefined) continue
      this.#noticing = [[caught, mutant.file], ...this.#noticing.filter(([name]) => name !== caught)]
      const isOther = tests.some(({ file, name }) => name === caught && !CONTRACT.test(file))
      const by = isOther || !tests.some(({ file }) => CONTRACT.test(file)) ? 'others' : 'contract'
      return { ...mutant, by, caught, tests: covering.length }
    }
    return { ...mutant, by: 'nothing', caught: '', tests: covering.length }
  }

  /**
   * First those that noticed mutants close by, then the tests of the contract, then the others; the dear ones after the quick ones,
   * and those last that need a worker of their own.
   * @param {Seen[]} covering
   * @param {string} mutated the file
   * @returns {[alone: boolean, Seen[]][]}
   */
  #stages(covering, mutated) {
    const { dear } = this.#tests
    const alone = covering.filter(({ file }) => ALONE.test(file))
    const together = covering.filter(test => !alone.includes(test))
    const last = this.#noticing
      .flatMap(
        ([name, file]) => together.find(test => test.name === name && (file === mutated || !dear.has(test))) ?? [],
      )
      .slice(0, LAST)
    const rest = together.filter(test => !last.includes(test))
    const contract = rest.filter(({ file }) => CONTRACT.test(file))
    const others = rest.filter(test => !contract.includes(test))
    return [
      [false, last],
      [false, contract.filter(test => !dear.has(test))],
      [false, others.filter(test => !dear.has(test))],
      [false, contract.filter(test => dear.has(test))],
      [false, others.filter(test => dear.has(test))],
      [true, alone],
    ]
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
      const { used, verdict } = await unharmed(
        () => this.#ask(mutant, some),
        result => 'caught' in result.verdict,
      )
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

  /** @param {string} mutant @param {Seen[]} tests */
  async #ask(mutant, tests) {
    if (this.#worker?.gone) this.#letGo()
    this.#worker ??= new Worker(this.#sandbox)
    const { used } = this.#worker
    const silence = 5 + (3 * Math.max(...tests.map(({ ms }) => ms))) / 1000
    return { used, verdict: await this.#worker.ask(this.#order(mutant, tests), 300, silence) }
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
