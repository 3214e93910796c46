import { QueueLinkError } from './queue-link-error.js'

/** A child process failed: it exited with a code other than 0, or a signal that was not asked for ended it. `ERR_EXIT`. */
export class ExitError extends QueueLinkError {
  /** null if a signal ended it. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** The last 2 KiB that it wrote to stderr; empty if that was inherited. */
  readonly stderr: string

  constructor(command: string, exitCode: number | null, signal: NodeJS.Signals | null, stderr?: string) {
    const how = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`
    const said = stderr?.trim() ? `; it said: ${stderr.trim()}` : ' and said nothing on stderr'
    super(`${command} ${how}${stderr === undefined ? '' : said}`, 'ERR_EXIT')
    this.exitCode = exitCode
    this.signal = signal
    this.stderr = stderr ?? ''
  }
}
