import process from 'node:process'
import { ExitCode } from './exit-code.js'

/** Ctrl-C, or SIGTERM: the first stops what runs in order, the second leaves at once. */
export class Interruption<Report> {
  readonly #stop: () => Promise<Report>
  #code: ExitCode | undefined
  #stopping: Promise<Report> | undefined

  constructor(stop: () => Promise<Report>) {
    this.#stop = stop
    process.on('SIGINT', this.#onInt)
    process.on('SIGTERM', this.#onTerm)
  }

  /** Undefined if there was none. Signals have their usual effect from then on. */
  async over(): Promise<{ code: ExitCode; report: Report } | undefined> {
    const report = await this.#stopping
    process.off('SIGINT', this.#onInt)
    process.off('SIGTERM', this.#onTerm)
    return report && this.#code ? { code: this.#code, report } : undefined
  }

  readonly #onInt = (): void => this.#signal(ExitCode.interrupted)
  readonly #onTerm = (): void => this.#signal(ExitCode.terminated)

  #signal(code: ExitCode): void {
    if (this.#stopping) process.exit(this.#code)
    this.#code = code
    this.#stopping = this.#stop()
  }
}
