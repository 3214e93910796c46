import { statSync } from 'node:fs'
import process from 'node:process'
import type { SingleBar } from 'cli-progress'
import type { LinkMetrics } from '../link/link-status.js'
import { amount, bytes } from './amounts.js'

const EVERY = 100

/** A line on a terminal that follows a link; a bar where the size of the source is known. Nothing where stderr is no terminal. */
export class Progress {
  readonly #bar: SingleBar | undefined
  readonly #metrics: () => LinkMetrics
  readonly #total: number
  readonly #start = performance.now()
  readonly #timer: NodeJS.Timeout | undefined

  private constructor(bar: SingleBar | undefined, metrics: () => LinkMetrics, total: number) {
    this.#bar = bar
    this.#metrics = metrics
    this.#total = total
    if (!bar) return
    bar.start(total || 1, 0, this.#payload(metrics()))
    this.#timer = setInterval(() => this.#update(), EVERY)
    this.#timer.unref()
  }

  static async follow(metrics: () => LinkMetrics, file: string | undefined): Promise<Progress> {
    if (!process.stderr.isTTY) return new Progress(undefined, metrics, 0)
    const { default: cliProgress } = await import('cli-progress')
    const total = file === undefined ? 0 : sizeOf(file)
    const numbers = '{items} items  {bytes}  {rate} items/s'
    const options = {
      format: total > 0 ? ` {bar} {percentage} %  ${numbers}` : ` ${numbers}`,
      stream: process.stderr,
      hideCursor: true,
      // Signals are the command's affair.
      gracefulExit: false,
    }
    return new Progress(new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic), metrics, total)
  }

  stop(): void {
    clearInterval(this.#timer)
    if (!this.#bar) return
    this.#update()
    this.#bar.stop()
  }

  #update(): void {
    const metrics = this.#metrics()
    this.#bar?.update(Math.min(metrics.bytes, this.#total), this.#payload(metrics))
  }

  #payload({ settled, bytes: moved }: LinkMetrics): Record<string, string> {
    const seconds = (performance.now() - this.#start) / 1000
    return { items: amount(settled), bytes: bytes(moved), rate: amount(Math.round(settled / seconds)) }
  }
}

/** 0 for what has no size: a pipe, a device. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
