import process from 'node:process'
import type { QueueLink } from '../../link/queue-link.js'
import { amount } from '../amounts.js'
import { report } from '../describe-error.js'
import { ExitCode } from '../exit-code.js'
import { Interruption } from '../interruption.js'
import { PATIENCE } from '../patience.js'
import { Progress } from '../progress.js'
import { isStdoutGone } from '../stdout-gone.js'
import { UsageError } from '../usage-error.js'
import { someQueue } from './queue-address.js'

export interface TransferOptions {
  quiet?: boolean
}

/** The directory of the durable queue that a text names. */
export function durablePath(text: string): string {
  const { kind, path } = someQueue(text)
  if (kind === 'durable') return path as string
  throw new UsageError(`only durable queues are exported and imported, and '${text}' is none; use durable:PATH`)
}

/** Follows a link to its end, or to Ctrl-C. `source`: the file that is read; `done`: what has become of its items. */
export async function transfer(
  link: QueueLink,
  done: string,
  { quiet = false }: TransferOptions,
  source?: string,
): Promise<ExitCode> {
  const interruption = new Interruption(() => link.stop({ timeout: PATIENCE }))
  const progress = quiet ? undefined : await Progress.follow(() => link.metrics(), source)
  const error = await link.done.then(
    () => undefined,
    reason => reason as unknown,
  )
  progress?.stop()
  const stopped = await interruption.over()
  if (await isStdoutGone()) return ExitCode.pipeClosed
  const said = `${amount(link.metrics().settled)} items are ${done}`
  if (error) report(error)
  if ((error || stopped) && !quiet) process.stderr.write(`queuelink: ${said}\n`)
  return error ? ExitCode.failed : (stopped?.code ?? ExitCode.done)
}
