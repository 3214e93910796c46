import process from 'node:process'
import { inspect } from 'node:util'

/** One line that says what to do; with DEBUG set, all there is. */
export function describeError(error: unknown): string {
  if (process.env.DEBUG) return inspect(error)
  const { message, code, name } = (error ?? {}) as { message?: string; code?: string; name?: string }
  const line = (message ?? String(error)).trim().replace(/\s*\n\s*/g, '; ')
  // Errors of our own have a code, and a sentence that helps; others come from a step, or from nowhere we thought of.
  return code || name === 'UsageError' ? line : `${name ?? 'Error'}: ${line} (set DEBUG=1 to see where)`
}

export function report(error: unknown): void {
  process.stderr.write(`queuelink: ${describeError(error)}\n`)
}
