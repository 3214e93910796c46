import process from 'node:process'
import type { Queue } from '../core/queue.js'
import type { Format } from '../io/format.js'
import { fromReadable } from '../io/from-readable.js'
import { toWritable } from '../io/to-writable.js'
import type { DestinationEndpoint } from '../link/endpoint.js'
import type { QueueLink } from '../link/queue-link.js'
import { ShellCommand } from './command.js'
import type { Endpoint } from './parse-endpoint.js'

/** The ends of a running link, in the order of the command line. */
export interface Ends {
  readonly source: ShellCommand | undefined
  readonly destinations: readonly ShellCommand[]
  /** The texts of the destinations, in the order of the link's metrics. */
  readonly names: readonly string[]
}

export interface EndOptions {
  readonly as: Format
  readonly append?: boolean
  /** Those that the endpoints name. */
  readonly queues: ReadonlyMap<Endpoint, Queue<unknown>>
}

/** Gives a link its ends. Files and queues come first: where one cannot be used, no command has been started. */
export function openEnds(
  link: QueueLink,
  source: Endpoint,
  destinations: readonly Endpoint[],
  { as, append = false, queues }: EndOptions,
): Ends {
  const sorted = [...destinations].sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
  const readSource = (): ShellCommand | undefined => {
    const command = source.kind === 'exec' ? ShellCommand.source(source.text, source.command, as) : undefined
    const queue = queues.get(source)
    if (queue) link.read(queue)
    else if (source.kind === 'file') link.read({ path: source.path, as })
    else link.read(command?.output ?? fromReadable(process.stdin, { as }))
    return command
  }
  const early = isFirst(source)
  if (early) readSource()
  const commands: ShellCommand[] = []
  for (const end of sorted) {
    const queue = queues.get(end)
    if (queue) link.write(queue)
    else if (end.kind === 'file') link.write({ path: end.path, as, append })
    else if (end.kind === 'stdio') link.write(toWritable(process.stdout, { as }) as DestinationEndpoint<never>)
    else if (end.kind === 'exec') {
      const command = ShellCommand.destination(end.text, end.command, as)
      commands.push(command)
      link.write(command.process.stdin as DestinationEndpoint<never>)
    }
  }
  return {
    source: early ? undefined : readSource(),
    destinations: commands,
    names: sorted.map(end => end.text),
  }
}

function isFirst({ kind }: Endpoint): boolean {
  return kind === 'file' || kind === 'queue'
}
