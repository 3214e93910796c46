import process from 'node:process'
import type { GraphMetrics, GraphStatus } from '../link/graph/graph-status.js'
import { runGraph } from '../link/graph/run-graph.js'
import type { RunningGraph } from '../link/graph/running-graph.js'
import { amount } from './amounts.js'
import { describeError, report } from './describe-error.js'
import { ExitCode } from './exit-code.js'
import { GraphProgress } from './graph-progress.js'
import { Interruption } from './interruption.js'
import { LiveServer } from './live-server.js'
import { loadGraph } from './load-graph.js'
import { PATIENCE } from './patience.js'
import { isStdoutGone } from './stdout-gone.js'

export interface RunGraphOptions {
  quiet?: boolean
  json?: boolean
}

/** Runs the graph of a module to its end, or to Ctrl-C; answers the exit code. */
export async function runGraphOf(module: string, o: RunGraphOptions): Promise<ExitCode> {
  const running = await runGraph(await loadGraph(module))
  const interruption = new Interruption(() => running.stop({ timeout: PATIENCE }))
  const server = LiveServer.open(running.metrics$)
  const progress = o.quiet ? undefined : await GraphProgress.follow(running)
  const start = performance.now()
  if (!o.quiet) tellRestarts(running)
  const error = await running.done.then(
    () => undefined,
    cause => cause as unknown,
  )
  progress?.stop()
  const stopped = await interruption.over()
  const metrics = running.metrics()
  await running.close()
  server?.close()
  if (await isStdoutGone()) return ExitCode.pipeClosed
  if (o.json) {
    const seconds = Math.round(performance.now() - start) / 1000
    const told = error ? { error: describeError(error) } : {}
    process.stdout.write(`${JSON.stringify({ ...metrics, ...told, seconds })}\n`)
  }
  if (error) report(error)
  else if (!o.quiet) process.stderr.write(`queuelink: ${summary(metrics, stopped !== undefined)}\n`)
  return error ? ExitCode.failed : (stopped?.code ?? ExitCode.done)
}

function tellRestarts({ status$ }: RunningGraph): void {
  const told = new Map<string, unknown>()
  status$.subscribe(({ links }: GraphStatus) => {
    for (const [name, status] of Object.entries(links)) {
      if (status.state === 'restarting' && told.get(name) !== status) {
        process.stderr.write(`queuelink: ${name}: ${status.why}\n`)
      }
      told.set(name, status)
    }
  })
}

function summary({ name, links, queues }: GraphMetrics, isStopped: boolean): string {
  const moved = Object.values(links).reduce((sum, { settled }) => sum + settled, 0)
  const left = Object.values(queues).reduce((sum, { size }) => sum + size, 0)
  const rest = left > 0 ? `; ${amount(left)} items are left in its queues` : ''
  return `${name} ${isStopped ? 'was stopped' : 'is done'}: its links moved ${amount(moved)} items${rest}`
}
