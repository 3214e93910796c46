import process from 'node:process'
import { setImmediate } from 'node:timers/promises'

let gone = false

/** Tells when the reader of stdout has gone. */
export function watchStdout(onGone: () => void): void {
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') return
    gone = true
    onGone()
  })
}

export async function isStdoutGone(): Promise<boolean> {
  // The write that failed tells its callback first.
  await setImmediate()
  return gone
}
