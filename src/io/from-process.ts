import type { StdioOptions } from 'node:child_process'
import { Observable } from 'rxjs'
import type { Sink } from '../core/sink.js'
import type { Source } from '../core/source.js'
import { optionError } from '../errors/option-error.js'
import { Child, type ExitStatus } from './child.js'
import { ChildInput } from './child-input.js'
import { stderrOf, stdoutOf } from './child-output.js'
import {
  checkFormat,
  type Decoded,
  type Encodable,
  type Format,
  type FormatOption,
  type ValueFormat,
} from './format.js'
import { sinkInto } from './outlet-sink.js'

export interface ProcessOptions<A extends Format = Format> extends FormatOption<A> {
  cwd?: string | URL
  /** The whole environment of the child; that of this process by default. */
  env?: NodeJS.ProcessEnv
  /** Runs the command line in a shell; never with text that others wrote. */
  shell?: boolean | string
  /** `inherit`: goes where this process's own goes, and its source here is empty. `pipe`. */
  stdout?: 'pipe' | 'inherit'
  /** As `stdout`. */
  stderr?: 'pipe' | 'inherit'
  /** Ends the process: asked with SIGTERM, and killed after `grace`. */
  signal?: AbortSignal
  /** Milliseconds between SIGTERM and SIGKILL when the signal aborts. 5000. */
  grace?: number
}

export interface ProcessEndpoint<Out, In> {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined
  /** What the process writes; it waits while this is not read. Unsubscribing closes the pipe. */
  readonly stdout: Source<Out>
  /** Lines; what comes while nobody is subscribed is dropped. */
  readonly stderr: Source<string>
  /** What the process reads; ends when its source does. */
  readonly stdin: Sink<In>
  /** Emits once how the process ended and completes; ExitError if it failed, and the signal's reason if that ended it. */
  readonly exit: Observable<ExitStatus>
  /** Sends a signal, SIGTERM by default; false if the process has exited. The end that follows is not a failure. */
  kill(signal?: NodeJS.Signals | number): boolean
}

/**
 * Starts a child process, at once, as two sources, a sink, and an Observable of its exit. `as` holds for stdout and stdin.
 * A process that cannot be started is an error `ERR_SPAWN` of all four. A failing exit is an error of `exit` alone:
 * `stdout` completes when all of it is delivered. Children still running when this process exits are sent SIGTERM.
 *
 * @example
 * ```ts
 * import { fromProcess } from 'queuelink'
 * import { of } from 'rxjs'
 *
 * const sort = fromProcess('sort', ['-r'])
 * sort.stdout.subscribe(line => console.log(line)) // b, a
 * of('a', 'b').subscribe(sort.stdin)
 * sort.exit.subscribe({ error: error => console.error(error.stderr) })
 * ```
 */
export function fromProcess<T, I = T>(
  command: string,
  args: readonly string[],
  o: ProcessOptions<ValueFormat> & { as: ValueFormat },
): ProcessEndpoint<T, I>
export function fromProcess<A extends Format = 'lines'>(
  command: string,
  args?: readonly string[],
  o?: ProcessOptions<A>,
): ProcessEndpoint<Decoded[A], Encodable[A]>
export function fromProcess(command: string, args: readonly string[] = [], o: ProcessOptions = {}): unknown {
  const as = checkFormat(o.as)
  const { signal, grace, cwd, env, shell } = o
  if (typeof command !== 'string' || command === '') throw optionError('command', 'a program to start', command)
  if (grace !== undefined && !(grace >= 0)) throw optionError('grace', 'a number of milliseconds, 0 or more', grace)
  const stdio: StdioOptions = ['pipe', outputTo('stdout', o.stdout), outputTo('stderr', o.stderr)]
  const child = new Child(command, args, { cwd, env, shell, stdio }, signal, grace)
  return {
    pid: child.process?.pid,
    stdout: stdoutOf(child, as, signal),
    stderr: stderrOf(child, signal),
    stdin: sinkInto(new ChildInput(child), as),
    exit: exitOf(child),
    kill: (name?: NodeJS.Signals | number) => child.kill(name),
  }
}

function outputTo(option: string, to: 'pipe' | 'inherit' = 'pipe'): 'pipe' | 'inherit' {
  if (to === 'pipe' || to === 'inherit') return to
  throw optionError(option, `'pipe' or 'inherit'`, to)
}

function exitOf(child: Child): Observable<ExitStatus> {
  return new Observable(subscriber => {
    child.exit.then(
      status => {
        subscriber.next(status)
        subscriber.complete()
      },
      error => subscriber.error(error),
    )
  })
}
