import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { report } from './describe-error.js'
import type { DrawOptions } from './draw.js'
import { ExitCode } from './exit-code.js'
import { ENDPOINTS, EXAMPLES, EXIT_CODES, GRAPH_EXIT_CODES } from './help.js'
import { count } from './parse-count.js'
import { defineQueueCommands } from './queues/define-queue-commands.js'
import type { RunGraphOptions } from './run-graph.js'
import type { RunOptions } from './run-link.js'
import type { TopOptions } from './top.js'
import { UsageError } from './usage-error.js'

/** Does what the arguments say; answers the exit code, and has said why where it is not 0. */
export async function program(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = ExitCode.done
  const queuelink = new Command('queuelink')
    .description('Moves items between files, commands and pipes: bounded in memory, and nothing lost on the way.')
    .version(version())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const line = text
          .replace(/^error: /, '')
          .trim()
          .replace(/\s*\n\s*/g, ' ')
        write(`queuelink: ${line} (queuelink --help shows how)\n`)
      },
    })
    .addHelpText('after', EXAMPLES + EXIT_CODES)
  const link = queuelink
    .command('link')
    .summary('moves every item of a source to every destination')
    .description('Moves every item of a source to every destination, and ends when all of them have stored all of it.')
    .argument('<source>', 'where items come from')
    .argument('<destinations...>', 'where each of them goes')
    .addOption(new Option('--as <format>', 'what an item is').choices(['lines', 'bytes', 'json']).default('lines'))
    .option('--through <module#export>', 'an RxJS operator for the whole stream, synchronous')
    .option('--each <module#export>', 'a function of one item, asynchronous if it likes')
    .option('--concurrency <n>', 'items that --each works on at a time (default: 1)', count)
    .option('--prefetch <n>', 'items that are out and not stored everywhere, at most (default: 256)', count)
    .addOption(
      new Option('--placement <where>', 'where the link runs').choices(['auto', 'inline', 'process']).default('auto'),
    )
    .option('--append', 'keep what destination files hold, and write after it')
    .option('--top', 'lets queuelink top show it')
    .option('--quiet', 'no progress on stderr; errors are told')
    .option('--json', 'at the end, one line of JSON with what was moved: on stdout, or on stderr if - is a destination')
    .addHelpText('after', ENDPOINTS + EXAMPLES + EXIT_CODES)
  link.action(async (source: string, destinations: string[], options: RunOptions) => {
    // Not loaded for --help.
    const { runLink } = await import('./run-link.js')
    code = await runLink(source, destinations, options)
  })
  queuelink
    .command('run')
    .summary('runs the graph of a module')
    .description('Runs the graph that a JavaScript module has as its default export, until all its links are done.')
    .argument('<module>', 'its path; export default defineGraph({ … })')
    .option('--quiet', 'no progress and no summary on stderr; errors are told')
    .option('--json', 'at the end, one line of JSON with what was moved, on stdout')
    .addHelpText('after', GRAPH_EXIT_CODES)
    .action(async (module: string, options: RunGraphOptions) => {
      const { runGraphOf } = await import('./run-graph.js')
      code = await runGraphOf(module, options)
    })
  queuelink
    .command('graph')
    .summary('draws the graph of a module')
    .description('Draws the graph that a JavaScript module has as its default export. Opens and runs nothing.')
    .argument('<module>', 'its path')
    .addOption(new Option('--format <format>', 'of the drawing').choices(['mermaid', 'svg']).default('mermaid'))
    .option('-o, --output <file>', 'where it goes (default: stdout)')
    .action(async (module: string, options: DrawOptions) => {
      const { draw } = await import('./draw.js')
      code = await draw(module, options)
    })
  queuelink
    .command('top')
    .summary('shows what is running')
    .description('Shows the graphs and links that run, live in the terminal. Ctrl-C leaves them running.')
    .argument('[which]', 'a name or a process id (default: all that run as this user)')
    .option('--once', 'only what there is now')
    .option('--json', 'a line of JSON for each look')
    .action(async (which: string | undefined, options: TopOptions) => {
      const { top } = await import('./top.js')
      code = await top(which, options)
    })
  defineQueueCommands(queuelink, ended => {
    code = ended
  })
  try {
    await queuelink.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Commander has written what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage
    report(error)
    return error instanceof UsageError ? ExitCode.usage : ExitCode.failed
  }
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
}
