import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import process from 'node:process'
import { ExitError } from '../errors/exit-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { clock } from '../util/clock.js'
import { Deferred } from '../util/deferred.js'
import { onAbort } from '../util/on-abort.js'
import { Tail } from './tail.js'

/** How a process ended: by a code, or by a signal that was asked for. */
export interface ExitStatus {
  /** null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const TAIL = 2048
/** What stderr has to say may come after the exit; a grandchild may keep it open for ever. In ms. */
const LAST_WORDS = 200

const running = new Set<Child>()
const endAll = (): void => {
  for (const child of running) child.kill()
}

/** A process, from its start to its exit. */
export class Child {
  readonly command: string
  /** Undefined if it could not be started. */
  readonly process: ChildProcess | undefined
  /** Rejects if it cannot be started. */
  readonly started: Promise<ChildProcess>
  readonly exit: Promise<ExitStatus>
  /** Of stderr. */
  readonly tail = new Tail(TAIL)
  readonly #started = new Deferred<ChildProcess>()
  readonly #exit = new Deferred<ExitStatus>()
  readonly #signal: AbortSignal | undefined
  readonly #grace: number
  #asked = false
  #exited = false
  #cancelKill = (): void => {}
  #forget = (): void => {}

  constructor(command: string, args: readonly string[], options: SpawnOptions, signal?: AbortSignal, grace = 5000) {
    this.command = command
    this.started = this.#started.promise
    this.exit = this.#exit.promise
    this.#signal = signal
    this.#grace = grace
    this.started.catch(() => {})
    this.exit.catch(() => {})
    if (signal?.aborted) this.#failedToStart(signal.reason)
    else {
      try {
        this.process = spawn(command, args, options)
        this.#watch(this.process)
      } catch (cause) {
        this.#failedToStart(this.#startError(cause))
      }
    }
  }

  /** Sends a signal; false if the process has exited. An end that follows is no failure. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    if (this.#exited || !this.process?.pid) return false
    if (signal !== 0) this.#asked = true
    return this.process.kill(signal)
  }

  #watch(child: ChildProcess): void {
    child.once('spawn', () => {
      if (running.size === 0) process.on('exit', endAll)
      running.add(this)
      this.#started.resolve(child)
    })
    child.on('error', cause => {
      if (child.pid === undefined) this.#failedToStart(this.#startError(cause))
    })
    child.once('exit', (code, signal) => this.#ended(child, code, signal))
    this.#forget = onAbort(this.#signal, () => this.#abort())
  }

  /** Asks, waits, and then kills. */
  #abort(): void {
    this.kill('SIGTERM')
    this.#cancelKill = clock.after(this.#grace, () => void this.kill('SIGKILL'))
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = true
    running.delete(this)
    if (running.size === 0) process.off('exit', endAll)
    this.#release()
    const tell = (): void => {
      cancel()
      if (this.#signal?.aborted) this.#exit.reject(this.#signal.reason)
      else if (this.#asked || code === 0) this.#exit.resolve({ code, signal })
      else {
        const said = child.stderr ? this.tail.toString() : undefined
        this.#exit.reject(new ExitError(this.command, code, signal, said))
      }
    }
    const cancel = clock.after(LAST_WORDS, tell)
    if (!child.stderr || child.stderr.closed) tell()
    else child.stderr.once('close', tell)
  }

  #failedToStart(error: unknown): void {
    this.#exited = true
    this.#release()
    this.#started.reject(error)
    this.#exit.reject(error)
  }

  #release(): void {
    this.#cancelKill()
    this.#forget()
  }

  #startError(cause: unknown): QueueLinkError {
    const { code, message } = cause as NodeJS.ErrnoException
    const mend = code === 'ENOENT' ? 'check the command, PATH and cwd' : message
    return new QueueLinkError(`cannot start ${this.command}: ${code ?? 'it is refused'}, ${mend}`, 'ERR_SPAWN', {
      cause,
    })
  }
}
