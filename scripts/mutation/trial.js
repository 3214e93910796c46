// Tries mutants out, one after the other.
import { join } from 'node:path'
import { Worker } from './processes.js'
import { unharmed } from './stops.js'

/** @typedef {import('./sandbox.js').Mutant} Mutant @typedef {import('./worker.js').Seen} Seen @typedef {import('./tests.js').Tests} Tests */
/** @typedef {'contract' | 'others' | 'nothing'} By @typedef {Mutant & { by: By, caught: string, tests: number }} Result */

/** How many tests go before all others: those that noticed mutants last, for the next one is close by. */
const LAST = 8

/** Files whose tests start processes or leave something behind when they are cut short: a new worker for each mutant. */
const ALONE = /^test\/(?!contract|core|queues|operators|util|testing)/

export class Trial {
  #sandbox
  #tests
  /** @type {Worker | undefined} */
  #worker
  /** Names of the tests that noticed a mutant, the last one first. @type {string[]} */
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
    for (const [by, alone, tests] of this.#stages(covering)) {
      if (tests.length === 0) continue
      const caught = await this.#caught(mutant.id, tests, alone || isLoaded)
      if (caught === undefined) continue
      this.#noticing = [caught, ...this.#noticing.filter(name => name !== caught)]
      return { ...mutant, by, caught, tests: covering.length }
    }
    return { ...mutant, by: 'nothing', caught: '', tests: covering.length }
  }

  /**
   * First the tests of the contract, then the others; the dear ones after the quick ones, and those last that need a worker of their own.
   * @param {Seen[]} covering
   * @returns {[By, boolean, Seen[]][]}
   */
  #stages(covering) {
    const { dear } = this.#tests
    const contract = covering.filter(({ file }) => file.startsWith('test/contract/'))
    const others = covering.filter(test => !contract.includes(test))
    const alone = others.filter(({ file }) => ALONE.test(file))
    const together = others.filter(test => !alone.includes(test))
    const quick = contract.filter(test => !dear.has(test))
    const last = this.#noticing.flatMap(name => quick.find(test => test.name === name) ?? []).slice(0, LAST)
    return [
      ['contract', false, last],
      ['contract', false, quick.filter(test => !last.includes(test))],
      ['others', false, together.filter(test => !dear.has(test))],
      ['contract', false, contract.filter(test => dear.has(test))],
      ['others', false, together.filter(test => dear.has(test))],
      ['others', true, alone],
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
    return { used, verdict: await this.#worker.ask(this.#order(mutant, tests), 300) }
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
