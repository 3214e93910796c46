import process from 'node:process'
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

/** Gives a link its ends. Files come first: where one cannot be used, no command has been started. */
export function openEnds(
  link: QueueLink,
  source: Endpoint,
  destinations: readonly Endpoint[],
  { as, append = false }: { as: Format; append?: boolean },
): Ends {
  const sorted = [...destinations].sort((a, b) => Number(b.kind === 'file') - Number(a.kind === 'file'))
  const readSource = (): ShellCommand | undefined => {
    const command = source.kind === 'exec' ? ShellCommand.source(source.text, source.command, as) : undefined
    if (source.kind === 'file') link.read({ path: source.path, as })
    else link.read(command?.output ?? fromReadable(process.stdin, { as }))
    return command
  }
  const sourceFile = source.kind === 'file' ? readSource() : undefined
  const commands: ShellCommand[] = []
  for (const end of sorted) {
    if (end.kind === 'file') link.write({ path: end.path, as, append })
    else if (end.kind === 'stdio') link.write(toWritable(process.stdout, { as }) as DestinationEndpoint<never>)
    else {
      const command = ShellCommand.destination(end.text, end.command, as)
      commands.push(command)
      link.write(command.process.stdin as DestinationEndpoint<never>)
    }
  }
  return {
    source: source.kind === 'file' ? sourceFile : readSource(),
    destinations: commands,
    names: sorted.map(end => end.text),
  }
}
