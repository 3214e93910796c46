import { consumeTogether } from './consume-together.js'
import type { Mailbox } from './mailbox.js'
import { checkWait, type WaitOptions } from './waiters.js'

/** As `consumeTogether`, past the turn of others; undefined also where there is nothing, or it is somebody else's turn. */
export function consumeNow<T>(mailbox: Mailbox<T>, max: number, o?: WaitOptions): T[] | undefined {
  checkWait(o)
  if (mailbox.ended || mailbox.takers.length > 0) return undefined
  if (mailbox.paused && o?.timeout !== 0) return undefined
  const values = consumeTogether(mailbox, max)
  if (!values || values.length === 0) return undefined
  mailbox.turn.count(values.length)
  mailbox.kick()
  return values
}
