import { Entry, type Headers, type Lease, NO_HEADERS } from '../../core/entry.js'
import { FifoShelf } from '../../core/fifo-shelf.js'
import { Mailbox } from '../../core/mailbox.js'
import { MemoryStore } from '../../core/memory-store.js'
import type { NackOptions, NackOutcome } from '../../core/nack.js'
import { clock } from '../../util/clock.js'
import type { RoutedLease } from '../mover.js'
import type { ItemMeta } from '../protocol.js'

/** What the child says of the parent's items. */
export interface SourceReports {
  settled(items: readonly number[]): void
  nacked(item: number, attempt: number, o: NackOptions): void
  /** Not failed, but put off, or never handed over. */
  returned(item: number, attempt: number, delay: number): void
}

/**
 * A source of the parent's, seen from the child: holds the window of items that came over the pipe. They stay the
 * parent's until it hears that they are settled; a failed one goes back there at once, to rest where it came from.
 */
export class RemoteSource extends Mailbox<unknown> {
  readonly #store: RemoteStore
  readonly #reports: SourceReports

  constructor(name: string, reports: SourceReports) {
    const store = new RemoteStore(items => reports.settled(items))
    super(store, { name, maxAttempts: Number.POSITIVE_INFINITY })
    this.#store = store
    this.#reports = reports
  }

  receive(metas: readonly ItemMeta[], values: readonly unknown[]): void {
    for (const [i, [item, attempt, enqueuedAt, headers, version, key]] of metas.entries()) {
      const entry = new RemoteEntry(
        values[i],
        item,
        attempt,
        enqueuedAt,
        headers || NO_HEADERS,
        version,
        key === 0 ? undefined : key,
      )
      this.#store.offer([entry])
    }
    this.took()
  }

  override nack(lease: Lease<unknown>, o: NackOptions = {}): NackOutcome {
    if (!this.#store.forget(lease)) return 'lost'
    this.metrics.nacked++
    this.#reports.nacked((lease as RemoteEntry).item, lease.attempt, o)
    this.kick()
    return 'back'
  }

  override giveBack(lease: Lease<unknown>, due: number): boolean {
    if (!this.#store.forget(lease)) return false
    this.#reports.returned((lease as RemoteEntry).item, lease.attempt, due === 0 ? 0 : due - clock.now())
    this.kick()
    return true
  }
}

class RemoteEntry extends Entry<unknown> implements RoutedLease {
  /** The parent's number of it. */
  readonly item: number
  readonly version: number

  constructor(
    value: unknown,
    item: number,
    attempt: number,
    enqueuedAt: number,
    headers: Headers,
    version: number,
    key?: string,
  ) {
    super(value, enqueuedAt, 0, 0, headers, key)
    this.item = item
    this.version = version
    this.attempt = attempt
  }
}

class RemoteStore extends MemoryStore<unknown> {
  readonly #report: (items: readonly number[]) => void
  #settled: number[] = []

  constructor(report: (items: readonly number[]) => void) {
    super('remote', new FifoShelf(), Number.POSITIVE_INFINITY)
    this.#report = report
  }

  /** Told to the parent together with all others of this turn. */
  override ack(lease: Lease<unknown>): boolean {
    if (!super.ack(lease)) return false
    if (this.#settled.push((lease as RemoteEntry).item) === 1) {
      queueMicrotask(() => {
        const settled = this.#settled
        this.#settled = []
        this.#report(settled)
      })
    }
    return true
  }

  /** The item is the parent's affair again. */
  forget(lease: Lease<unknown>): boolean {
    return super.ack(lease)
  }
}
