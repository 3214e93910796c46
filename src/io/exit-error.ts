import { QueueLinkError } from '../errors/queue-link-error.js'

/** A child process failed: it exited with a code other than 0, or a signal that was not asked for ended it. `ERR_EXIT`. */
export class ExitError extends QueueLinkError {
  /** null if a signal ended it. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The last 2 KiB that it wrote to stderr. */
  readonly stderr: string

  constructor(command: string, exitCode: number | null, signal: NodeJS.Signals | null, stderr: string) {
    const how = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`
    const said = stderr.trim()
    super(`${command} ${how}${said ? `; it said: ${said}` : ' and said nothing on stderr'}`, 'ERR_EXIT')
    this.exitCode = exitCode
    this.signal = signal
    this.stderr = stderr
  }
}
