import process from 'node:process'
import { map, type Observable } from 'rxjs'
import type { Queue } from '../core/queue.js'
import type { LinkError } from '../errors/link-error.js'
import type { Format } from '../io/format.js'
import type { GraphMetrics } from '../link/graph/graph-status.js'
import type { LinkStatus } from '../link/link-status.js'
import type { Placement } from '../link/placement.js'
import { QueueLink } from '../link/queue-link.js'
import { amount } from './amounts.js'
import { describeError, report } from './describe-error.js'
import { ExitCode } from './exit-code.js'
import { Interruption } from './interruption.js'
import { LiveServer } from './live-server.js'
import { type EndOptions, type Ends, openEnds } from './open-ends.js'
import { outcome } from './outcome.js'
import { type Endpoint, parseEndpoint } from './parse-endpoint.js'
import { parseStep } from './parse-step.js'
import { PATIENCE } from './patience.js'
import { Progress } from './progress.js'
import { meetAt } from './queues/queue-address.js'
import { isStdoutGone } from './stdout-gone.js'
import { UsageError } from './usage-error.js'

export interface RunOptions {
  as: Format
  through?: string
  each?: string
  concurrency?: number
  prefetch?: number
  placement: Placement
  append?: boolean
  top?: boolean
  quiet?: boolean
  json?: boolean
}

/** Runs a link from its first item to its last, or to Ctrl-C; answers the exit code. */
export async function runLink(from: string, to: readonly string[], o: RunOptions): Promise<ExitCode> {
  const source = parseEndpoint(from)
  const destinations = to.map(parseEndpoint)
  if (destinations.filter(({ kind }) => kind === 'stdio').length > 1) {
    throw new UsageError('- is a destination twice; name it once')
  }
  const link = new QueueLink({
    name: 'queuelink',
    placement: o.placement,
    ...(o.through ? { through: parseStep('--through', o.through) } : {}),
    ...(o.each ? { each: parseStep('--each', o.each) } : {}),
    ...(o.concurrency ? { concurrency: o.concurrency } : {}),
    ...(o.prefetch ? { prefetch: o.prefetch } : {}),
  })
  let status: LinkStatus = { state: 'starting', placement: 'inline', why: '' }
  link.status$.subscribe(news => {
    status = news
    if (news.state === 'restarting' && !o.quiet) process.stderr.write(`queuelink: ${news.why}\n`)
  })
  const queues = await openQueues([source, ...destinations])
  const interruption = new Interruption(() => link.stop({ timeout: PATIENCE }))
  const ends = opened(link, source, destinations, { ...o, queues })
  const server = o.top ? LiveServer.open(liveOf(link)) : undefined
  const start = performance.now()
  const progress = o.quiet
    ? undefined
    : await Progress.follow(() => link.metrics(), source.kind === 'file' ? source.path : undefined)
  const error = await outcome(link, ends)
  progress?.stop()
  const stopped = await interruption.over()
  await Promise.all([...queues.values()].map(queue => queue.close()))
  server?.close()
  // A reader of stdout that has gone is no failure worth a word.
  if (await isStdoutGone()) return ExitCode.pipeClosed
  const code = error ? ExitCode.failed : (stopped?.code ?? ExitCode.done)
  if (o.json) {
    const out = destinations.some(({ kind }) => kind === 'stdio') ? process.stderr : process.stdout
    const state = error ? 'failed' : stopped ? 'stopped' : 'done'
    const seconds = Math.round(performance.now() - start) / 1000
    const line = {
      state,
      ...(error ? { error: describeError(error) } : {}),
      seconds,
      ...moved(source, ends, link, status),
    }
    out.write(`${JSON.stringify(line)}\n`)
  }
  if (error) report(error)
  else if (stopped && !o.quiet) {
    const { settled, unsettled } = link.metrics()
    const rest = unsettled > 0 ? `, ${amount(unsettled)} were under way and are not stored everywhere` : ''
    process.stderr.write(`queuelink: stopped; ${amount(settled)} items are stored${rest}\n`)
  }
  return code
}

/** As a graph of one link. */
function liveOf(link: QueueLink): Observable<GraphMetrics> {
  const { name } = link
  return link.metrics$.pipe(
    map(metrics => ({ name, state: link.isAlive() ? 'running' : 'done', links: { [name]: metrics }, queues: {} })),
  )
}

/** A queue that two endpoints name is opened twice, so that the link sees that they are one. */
async function openQueues(endpoints: readonly Endpoint[]): Promise<Map<Endpoint, Queue<unknown>>> {
  const queues = new Map<Endpoint, Queue<unknown>>()
  for (const endpoint of endpoints) if (endpoint.kind === 'queue') queues.set(endpoint, await meetAt(endpoint.queue))
  return queues
}

/** The numbers of a link, under the names of the command line. */
function moved(source: Endpoint, ends: Ends, link: QueueLink, { placement }: LinkStatus): object {
  const { settled, unsettled, bytes, restarts, destinations } = link.metrics()
  return {
    items: settled,
    unsettled,
    bytes,
    placement,
    restarts,
    source: source.text,
    destinations: destinations.map(({ items }, at) => ({ name: ends.names[at], items })),
  }
}

/** As openEnds; a circle, or one file twice, is a mistake of the command line. */
function opened(link: QueueLink, source: Endpoint, destinations: readonly Endpoint[], o: EndOptions): Ends {
  try {
    return openEnds(link, source, destinations, o)
  } catch (error) {
    const { code, message } = error as LinkError
    throw code === 'ERR_LINK_CIRCULAR' || code === 'ERR_LINK_TWICE' ? new UsageError(message) : error
  }
}
