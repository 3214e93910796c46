import { type Command, Option } from 'commander'
import type { ExitCode } from '../exit-code.js'
import { count } from '../parse-count.js'
import type { ServeOptions } from '../serve.js'
import type { PrintOptions } from './drain.js'
import { FORMS } from './forms.js'
import type { TransferOptions } from './transfer.js'

/** The commands that work on queues as they are. Each loads its code when it is called. */
export function defineQueueCommands(queuelink: Command, exit: (code: ExitCode) => void): void {
  const as = (): Option =>
    new Option('--as <format>', 'how items are written').choices(['json', 'lines']).default('json')
  queuelink
    .command('ls')
    .summary('lists the shared queues of this user')
    .description('Lists the shared queues of this user, and marks those that nobody has open as abandoned.')
    .option('--json', 'a line of JSON for each')
    .action(async (o: { json?: boolean }) => exit(await (await import('./list.js')).list(o)))
  queuelink
    .command('stat')
    .summary('says how a queue stands')
    .description('Says how many items and bytes a queue holds, how many are out, who waits, and how old the oldest is.')
    .argument('<queue>', FORMS)
    .option('--json', 'one line of JSON')
    .action(async (queue: string, o: { json?: boolean }) => exit(await (await import('./stat.js')).stat(queue, o)))
  queuelink
    .command('peek')
    .summary('writes the next item of a queue, which stays there')
    .argument('<queue>', FORMS)
    .addOption(as())
    .action(async (queue: string, o: PrintOptions) => exit(await (await import('./drain.js')).peek(queue, o)))
  queuelink
    .command('drain')
    .summary('takes the items of a queue and writes them to stdout')
    .description('Takes items until none is left. Each leaves the queue when it is written.')
    .argument('<queue>', FORMS)
    .option('--max <n>', 'items, at most', count)
    .addOption(as())
    .action(async (queue: string, o: PrintOptions & { max?: number }) => {
      exit(await (await import('./drain.js')).drain(queue, o))
    })
  queuelink
    .command('serve')
    .summary('hosts a queue for other processes')
    .description(
      'Hosts a queue at a socket until SIGINT or SIGTERM. Clients need its token: that of the environment variable QUEUELINK_TOKEN, or one that is made and written to stdout.',
    )
    .argument('<queue>', 'shm:NAME, durable:PATH, or fifo, lifo or priority: a new one in memory')
    .argument('<address>', 'unix:PATH, tcp:PORT or tcp:HOST:PORT')
    .option('--capacity <n>', 'items that a queue in memory holds, at most', count)
    .option('--joinable', 'a queue in memory whose items are done with taskDone')
    .option('--cert <file>', 'TLS: the certificate, with --key')
    .option('--key <file>', 'TLS: the private key, with --cert')
    .option('--quiet', 'no word on stdout')
    .option('--json', 'one line of JSON with address and token')
    .action(async (queue: string, address: string, o: ServeOptions) => {
      exit(await (await import('../serve.js')).serve(queue, address, o))
    })
  queuelink
    .command('compact')
    .summary('gives back to the disk what is free in the file of a durable queue')
    .argument('<queue>', 'durable:PATH')
    .action(async (queue: string) => exit(await (await import('./compact.js')).compact(queue)))
  queuelink
    .command('export')
    .summary('writes what is in a durable queue as lines of JSON, and takes nothing')
    .description(
      'Writes every item of a durable queue with what it was put with, a line of JSON for each, and takes none.',
    )
    .argument('<queue>', 'durable:PATH')
    .argument('[file]', 'where it goes', '-')
    .option('--quiet', 'no progress on stderr; errors are told')
    .action(async (queue: string, file: string, o: TransferOptions) => {
      exit(await (await import('./export-items.js')).exportItems(queue, file, o))
    })
  queuelink
    .command('import')
    .summary('puts into a durable queue what export wrote')
    .argument('<file>', 'what export wrote; - is stdin')
    .argument('<queue>', 'durable:PATH')
    .option('--quiet', 'no progress on stderr; errors are told')
    .action(async (file: string, queue: string, o: TransferOptions) => {
      exit(await (await import('./import-items.js')).importItems(file, queue, o))
    })
  queuelink
    .command('rm')
    .summary('removes queues and what is in them')
    .argument('<queues...>', 'shm:NAME, shm:NAME@RUN or durable:PATH')
    .option('--force', 'also those that somebody uses')
    .action(async (queues: string[], o: { force?: boolean }) => {
      exit(await (await import('./remove.js')).remove(queues, o))
    })
}
