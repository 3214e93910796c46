import { isMainThread } from 'node:worker_threads'
import { libc } from './libc.js'

/**
 * For an exit on whose way something would wait for ever: unless the process has ended in a second, SIGALRM ends it. In another
 * thread than the first, whose end is not that of the process, this does nothing.
 */
export function endSoon(): void {
  if (isMainThread) libc().alarm(1)
}
