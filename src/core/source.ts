import { Observable, type Subscriber } from 'rxjs'
import type { Delivery } from './delivery.js'
import { DeliveryLane } from './delivery-lane.js'
import type { Feed } from './feed.js'
import { checkCount } from './options.js'
import { ValueLane } from './value-lane.js'

/** Reads something into a feed until it is told to stop; calls `feed.end` when there is no more. */
export type Read<T> = (feed: Feed<T>) => () => void

/** Items out at once: more than of a queue, since bytes bound them too, and each write carries what is out. */
export const READ_PREFETCH = 1024

/**
 * The Observable side of files, streams and processes. Each subscription reads on its own, and, as with a queue, goes no
 * further than what its sinks have stored: a file larger than memory passes in constant memory.
 */
export class Source<T> extends Observable<T> {
  readonly name: string
  readonly #open: () => Feed<T>
  readonly #read: Read<T>

  constructor(name: string, open: () => Feed<T>, read: Read<T>) {
    super(subscriber => this.#values(subscriber, READ_PREFETCH))
    this.name = name
    this.#open = open
    this.#read = read
  }

  /** What subscribing to the source itself does, with options. */
  observe(o: { prefetch?: number } = {}): Observable<T> {
    const prefetch = checkCount('prefetch', o.prefetch, READ_PREFETCH)
    return new Observable(subscriber => this.#values(subscriber, prefetch))
  }

  /** Items with `ack` and `nack`, at most `prefetch` of them out at once. */
  deliveries(o: { prefetch?: number; onOpen?: (feed: Feed<T>) => void } = {}): Observable<Delivery<T>> {
    const prefetch = checkCount('prefetch', o.prefetch, READ_PREFETCH)
    return new Observable(subscriber => {
      const feed = this.#open()
      o.onOpen?.(feed)
      this.#run(feed, new DeliveryLane(feed.mailbox, prefetch, subscriber), subscriber)
    })
  }

  /** Opens it for a reader of leases, and reads. For links. */
  open(): { feed: Feed<T>; stop: () => void } {
    const feed = this.#open()
    return { feed, stop: this.#read(feed) }
  }

  #values(subscriber: Subscriber<T>, prefetch: number): void {
    const feed = this.#open()
    this.#run(feed, new ValueLane(feed.mailbox, prefetch, subscriber), subscriber)
  }

  #run<V>(feed: Feed<T>, lane: ValueLane<T> | DeliveryLane<T>, subscriber: Subscriber<V>): void {
    let stop = (): void => {}
    subscriber.add(() => {
      lane.unsubscribe()
      stop()
    })
    feed.mailbox.enrol(lane)
    if (!subscriber.closed) stop = this.#read(feed)
    if (subscriber.closed) stop()
  }
}
