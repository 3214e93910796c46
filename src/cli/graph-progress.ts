import process from 'node:process'
import type { MultiBar, SingleBar } from 'cli-progress'
import type { RunningGraph } from '../link/graph/running-graph.js'
import { amount } from './amounts.js'

const EVERY = 100

/** A line for each link on a terminal: what it has moved, how fast, and how full what it reads is. Nothing where stderr is no terminal. */
export class GraphProgress {
  readonly #graph: RunningGraph
  readonly #bars: MultiBar | undefined
  readonly #lines = new Map<string, SingleBar>()
  readonly #start = performance.now()
  readonly #timer: NodeJS.Timeout | undefined

  private constructor(graph: RunningGraph, bars: MultiBar | undefined) {
    this.#graph = graph
    this.#bars = bars
    if (!bars) return
    const widest = Math.max(...Object.keys(graph.links).map(name => name.length))
    for (const name of Object.keys(graph.links)) {
      this.#lines.set(name, bars.create(1, 0, { name: name.padEnd(widest), ...this.#numbers(name) }))
    }
    this.#timer = setInterval(() => this.#update(), EVERY)
    this.#timer.unref()
  }

  static async follow(graph: RunningGraph): Promise<GraphProgress> {
    if (!process.stderr.isTTY) return new GraphProgress(graph, undefined)
    const { default: cliProgress } = await import('cli-progress')
    const options = {
      format: ' {name}  {items} items  {rate} items/s  {unsettled} under way',
      stream: process.stderr,
      hideCursor: true,
      // Signals are the command's affair.
      gracefulExit: false,
    }
    return new GraphProgress(graph, new cliProgress.MultiBar(options, cliProgress.Presets.shades_classic))
  }

  stop(): void {
    clearInterval(this.#timer)
    if (!this.#bars) return
    this.#update()
    this.#bars.stop()
  }

  #update(): void {
    for (const [name, line] of this.#lines) line.update(0, this.#numbers(name))
  }

  #numbers(name: string): Record<string, string> {
    const { settled = 0, unsettled = 0 } = this.#graph.links[name]?.metrics() ?? {}
    const seconds = (performance.now() - this.#start) / 1000
    return {
      items: amount(settled).padStart(11),
      rate: amount(Math.round(settled / seconds)).padStart(9),
      unsettled: amount(unsettled).padStart(5),
    }
  }
}
