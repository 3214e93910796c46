import { isObservable, type Observable, Subject, takeUntil } from 'rxjs'
import { Entry, type Lease } from '../core/entry.js'
import { FifoShelf } from '../core/fifo-shelf.js'
import { HIGH_WATER_MARK } from '../core/inlet.js'
import { Mailbox } from '../core/mailbox.js'
import { mailboxOf } from '../core/mailbox-of.js'
import { MemoryStore } from '../core/memory-store.js'
import { Queue } from '../core/queue.js'
import { type CurrentReceipt, slot } from '../core/receipt.js'
import { READ_PREFETCH, Source } from '../core/source.js'
import { LinkError } from '../errors/link-error.js'
import { SinkOverflowError } from '../errors/sink-overflow-error.js'
import { timestamp } from '../util/clock.js'

/** A source that a link reads: every kind ends up as a mailbox whose items are leased and settled. */
export interface OpenSource {
  readonly mailbox: Mailbox<unknown>
  /** Items out at once, unless the link says otherwise; 256 where absent. */
  readonly prefetch?: number
  /** Its items were taken elsewhere: none of them may wait. */
  readonly isTaken?: boolean
  /** For files: everything before this byte is settled, counted from where reading began. */
  settledBytes?(): number
  stop(error: unknown): void
}

export function openSource(source: Queue<unknown> | Source<unknown> | Observable<unknown>): OpenSource {
  if (source instanceof Queue) return { mailbox: mailboxOf(source), stop: () => {} }
  if (source instanceof Source) {
    const { feed, stop } = source.open()
    return { mailbox: feed.mailbox, prefetch: READ_PREFETCH, settledBytes: () => feed.settledBytes, stop }
  }
  if (isObservable(source)) return openObservable(source)
  throw new LinkError('this source cannot be opened', 'ERR_LINK_ENDPOINT')
}

/** Items of an Observable join its receipts until the link has settled them; those without one wait up to a mark. */
function openObservable(observable: Observable<unknown>): OpenSource {
  const store = new JoiningStore()
  const name = 'observable'
  const mailbox = new Mailbox<unknown>(store, { name, maxAttempts: Number.POSITIVE_INFINITY })
  // Ends one that emits while it is being subscribed to as well.
  const left = new Subject<void>()
  let over = false
  const end = (error?: unknown): void => {
    if (over) return
    over = true
    mailbox.shutdown(false, error)
    left.next()
  }
  observable.pipe(takeUntil(left)).subscribe({
    next: value => {
      const receipt = slot.current
      if (!receipt && store.ready >= HIGH_WATER_MARK) {
        const mend = 'put its values into a queue with put(), which waits'
        end(new SinkOverflowError(`an Observable outran its link by ${HIGH_WATER_MARK} values: ${mend}`))
        return
      }
      const entry = new Entry(value, timestamp())
      if (receipt) store.join(entry, receipt)
      mailbox.line.tryNow([entry])
      mailbox.took()
    },
    error: error => {
      slot.current?.spoil(error)
      end(error)
    },
    complete: () => end(),
  })
  const stop = (error: unknown): void => {
    over = true
    left.next()
    store.abandon(error)
  }
  return { mailbox, stop }
}

class JoiningStore extends MemoryStore<unknown> {
  readonly #receipts = new Map<Lease<unknown>, CurrentReceipt>()

  constructor() {
    super('observable', new FifoShelf(), Number.POSITIVE_INFINITY)
  }

  join(entry: Entry<unknown>, receipt: CurrentReceipt): void {
    receipt.join()
    this.#receipts.set(entry, receipt)
  }

  override ack(lease: Lease<unknown>): boolean {
    if (!super.ack(lease)) return false
    const receipt = this.#receipts.get(lease)
    this.#receipts.delete(lease)
    receipt?.stored()
    return true
  }

  /** What the link did not settle goes back to where it came from. */
  abandon(error: unknown): void {
    const receipts = [...this.#receipts.values()]
    this.#receipts.clear()
    for (const receipt of receipts) receipt.failed(error)
  }
}
