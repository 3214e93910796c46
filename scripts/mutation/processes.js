// Workers: started when needed, kept while they can be trusted, and ended when they neither answer nor leave.
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** @type {Set<Worker>} */
const workers = new Set()
process.on('exit', () => {
  for (const worker of workers) worker.end()
})

/** @typedef {import('./worker.js').Order} Order @typedef {import('./worker.js').Report} Report */

export class Worker {
  /** It has run something before, which may have left its mark. */
  used = false
  /** It is gone. */
  gone = false
  #child
  /** What it shares by name it shares with nobody: a mutant may break what it finds there. */
  #directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'queuelink-mutation-'))
  #onReport = (/** @type {Report} */ _) => {}
  #onGone = () => {}

  /** @param {string} sandbox */
  constructor(sandbox) {
    this.#child = fork(join(sandbox, 'worker.js'), {
      execArgv: ['--max-old-space-size=1024'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, QUEUELINK_DIR: this.#directory },
      detached: true,
    })
    workers.add(this)
    this.#child.on('message', report => this.#onReport(/** @type {Report} */ (report)))
    this.#child.on('exit', () => {
      this.end()
      this.#onGone()
    })
    this.#child.on('error', () => {})
  }

  /**
   * Resolves with what the worker says at last, or does.
   * @param {Order} order
   * @param {number} seconds
   * @param {number} silence seconds after which a worker that says nothing, not even that it runs, is given up
   * @param {(report: Report) => void} [onReport] hears what it says on the way
   * @returns {Promise<import('./worker.js').Verdict | { survived: true }>}
   */
  async ask(order, seconds, silence, onReport) {
    let timer
    let heard = performance.now()
    const watch = setInterval(() => {
      if (performance.now() - heard > silence * 1000) hung()
    }, 500)
    let why = 'the process ended'
    const hung = () => {
      why = 'the process hung'
      this.#child.kill('SIGKILL')
    }
    /** @type {Promise<import('./worker.js').Verdict | { survived: true }>} */
    const answer = new Promise(resolve => {
      this.#onReport = report => {
        heard = performance.now()
        if ('caught' in report || 'survived' in report) resolve(report)
        else onReport?.(report)
      }
      this.#onGone = () => resolve({ caught: why, sure: false })
      timer = setTimeout(hung, seconds * 1000)
      if (this.gone) this.#onGone()
      else this.#child.send(order)
    })
    const verdict = await answer
    clearTimeout(timer)
    clearInterval(watch)
    this.used = true
    return verdict
  }

  /** It leaves nothing: what it started is of its process group. */
  end() {
    if (!workers.delete(this)) return
    this.gone = true
    try {
      if (this.#child.pid) process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // All of them are gone.
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
