import process from 'node:process'
import type { ExitCode } from './exit-code.js'

/** How long, in ms, files and commands have to end after everything is over. */
const LONGEST_GOODBYE = 2000

/** Ends the process with the first code that was given, once what is being written is written. */
export function leave(code: ExitCode): void {
  process.exitCode ??= code
  process.stdin.destroy()
  setTimeout(() => process.exit(), LONGEST_GOODBYE).unref()
}
