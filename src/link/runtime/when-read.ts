import type { Duplex } from 'node:stream'
import { clock } from '../../util/clock.js'

/** How long, in ms, what a dead child left in its pipe may take to be read. */
const LAST_WORDS = 500

/** Calls back once everything that the other end wrote before it died has been read. */
export function whenRead(data: Duplex, callback: () => void): void {
  if (data.closed) {
    callback()
    return
  }
  let told = false
  const tell = (): void => {
    cancel()
    if (!told) callback()
    told = true
  }
  const cancel = clock.after(LAST_WORDS, tell)
  data.once('close', tell)
}
