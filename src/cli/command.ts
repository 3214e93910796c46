import process from 'node:process'
import { firstValueFrom } from 'rxjs'
import { Source } from '../core/source.js'
import { ExitError } from '../errors/exit-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import type { Format } from '../io/format.js'
import { fromProcess, type ProcessEndpoint } from '../io/from-process.js'

/** A command of the user's at one end of a link. */
export class ShellCommand {
  readonly process: ProcessEndpoint<unknown, never>
  /** Its stdout; who leaves before its end ends the command. */
  readonly output: Source<unknown>
  /** How it failed, once it has ended; undefined if it did not. */
  readonly failure: Promise<Error | undefined>

  private constructor(text: string, process: ProcessEndpoint<unknown, never>) {
    this.process = process
    this.output = endedWithItsReader(process)
    this.failure = failureOf(text, process)
  }

  static source(text: string, command: string, as: Format): ShellCommand {
    const started = fromProcess(command, [], { shell: true, as, stderr: 'inherit' })
    started.stdin.complete()
    return new ShellCommand(text, started as ProcessEndpoint<unknown, never>)
  }

  static destination(text: string, command: string, as: Format): ShellCommand {
    // Ctrl-C reaches all of a terminal's foreground: a command that still has items to take must not end of it.
    const line = process.platform === 'win32' ? command : `trap '' INT\n${command}`
    const started = fromProcess(line, [], { shell: true, as, stdout: 'inherit', stderr: 'inherit' })
    return new ShellCommand(text, started as ProcessEndpoint<unknown, never>)
  }
}

/** Of a pipe that nobody reads any more: what a command is meant to end of, and no failure. */
const SIGPIPE = 141

async function failureOf(text: string, { exit, stdin }: ProcessEndpoint<unknown, never>): Promise<Error | undefined> {
  try {
    await firstValueFrom(exit)
  } catch (error) {
    return error instanceof ExitError ? exitOf(text, error) : (error as Error)
  }
  // It said that all is well; was it?
  return stdin.done.then(
    () => undefined,
    cause => new QueueLinkError(`${text} ended before it had read everything`, 'ERR_EXIT', { cause }),
  )
}

function endedWithItsReader({ stdout, kill }: ProcessEndpoint<unknown, never>): Source<unknown> {
  let stop = (): void => {}
  return new Source(
    stdout.name,
    () => {
      const opened = stdout.open()
      stop = opened.stop
      return opened.feed
    },
    feed => () => {
      if (!feed.mailbox.store.shut) kill()
      stop()
    },
  )
}

function exitOf(text: string, { exitCode, signal }: ExitError): Error | undefined {
  if (signal === 'SIGPIPE' || exitCode === SIGPIPE) return undefined
  const how = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`
  return new QueueLinkError(`${text} ${how}`, 'ERR_EXIT')
}
