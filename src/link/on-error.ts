import type { Delivery } from '../core/delivery.js'
import { nackNow, settleNow } from '../core/inner-delivery.js'

/**
 * What becomes of an item on which `each` fails:
 * - `retry`: it goes back, rests, and is tried again, as often as its queue allows.
 * - `deadLetter`: it goes to the dead-letter queue of its queue at once; without one it is discarded, and counted there.
 * - `skip`: it counts as done.
 * - `stop`: the link fails with the error, and the item goes back.
 */
export type OnError = 'retry' | 'deadLetter' | 'skip' | 'stop'

export const ON_ERROR: readonly OnError[] = ['retry', 'deadLetter', 'skip', 'stop']

/** What to do with a delivery that has failed. `fail` ends the link. */
export function failedBy(
  onError: OnError,
  fail: (reason: unknown) => void,
): (delivery: Delivery<unknown>, reason: unknown) => void {
  switch (onError) {
    case 'retry':
      return (delivery, reason) => nackNow(delivery, { reason })
    case 'deadLetter':
      return (delivery, reason) => nackNow(delivery, { reason, requeue: false })
    case 'skip':
      return delivery => settleNow(delivery)
    case 'stop':
      return (delivery, reason) => {
        nackNow(delivery, { reason })
        fail(reason)
      }
  }
}
