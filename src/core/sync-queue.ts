import { drained, empty, used } from './claim.js'
import { full } from './put-wait.js'
import { Queue } from './queue.js'

/** A queue whose store is in reach, so that some questions can be answered at once. */
export class SyncQueue<in out T> extends Queue<T> {
  /** Stores the item now, or throws QueueFullError. */
  putNowait(item: T): void {
    const { mailbox } = this
    mailbox.assertOpen()
    const entry = mailbox.entry(item)
    if (mailbox.pass(entry)) return
    if (!mailbox.line.tryNow([entry])) throw mailbox.store.locked ?? full(mailbox)
    mailbox.store.storeNow?.()
    mailbox.took()
  }

  /** Consumes the first item now, or throws QueueEmptyError. Waiting calls and subscribers come first. */
  getNowait(): T {
    const { mailbox } = this
    if (mailbox.ended) throw mailbox.ended
    const lease = mailbox.takers.length === 0 ? mailbox.takeNow(1)[0] : undefined
    if (lease) return used(mailbox, lease, taken => this.consumed(taken))
    throw mailbox.store.locked ?? (mailbox.store.shut && mailbox.idle ? drained(mailbox) : empty(mailbox))
  }

  /** The item that would be taken next, which stays where it is. */
  peek(): T | undefined {
    if (this.mailbox.ended) throw this.mailbox.ended
    return this.mailbox.peek()
  }
}
