import { Observable, type OperatorFunction, Subscriber } from 'rxjs'
import { BatchDelivery } from '../src/core/batch-delivery.js'
import { bytesOf } from '../src/core/bytes-of.js'
import type { Delivery, Window } from '../src/core/delivery.js'
import { nackNow, releaseNow, windowOf } from '../src/core/inner-delivery.js'
import { checkCount } from '../src/core/options.js'
import { optionError } from '../src/errors/option-error.js'
import { clock } from '../src/util/clock.js'

export interface BatchOptions<T> {
  /** Closes at this many items. */
  count?: number
  /** Closes this many milliseconds after its first item. */
  time?: number
  /** Closes as soon as its items come to this many bytes. */
  bytes?: number
  /** Bytes of an item. By default what its queue encoded it to, or the length of a string or of bytes. */
  sizeOf?: (item: T) => number
}

/**
 * Collects deliveries into deliveries of arrays.
 *
 * ```
 * source                        -a-b-c----d-|
 * batch({ count: 2, time: 3 })  ---x----y---(z|)     x = [a, b], y = [c], z = [d]
 * ```
 *
 * A batch closes at `count` items, `time` milliseconds after its first one, or as soon as its items come to `bytes`;
 * at least one of these must be given. It closes too when its source can bring no more before something is settled: all
 * that the window lets out is held by batches, the queue has no room, or it is shut down. So no `prefetch` or `capacity`
 * can make it wait for ever, also with several batches in a row.
 *
 * Settling a batch settles all that is in it. When the source ends, what is held is emitted first; when it fails, or the
 * subscriber leaves, that goes back as if it had never been out.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { batch, settle } from 'queuelink/operators'
 *
 * const rows = fifoQueue<number>()
 * const inserts = fifoQueue<number[]>()
 *
 * rows.deliveries().pipe(batch({ count: 100, time: 50 }), settle()).subscribe(inserts)
 * await rows.putBatch([1, 2, 3])
 * console.log(await inserts.get()) // [ 1, 2, 3 ]
 * ```
 *
 * @see each, to work on a batch; settle
 */
export function batch<T>(o: BatchOptions<T>): OperatorFunction<Delivery<T>, Delivery<T[]>> {
  const limits = checked(o)
  return source =>
    new Observable(subscriber => {
      source.subscribe(new Batching(subscriber, limits))
    })
}

interface Limits<T> {
  count: number
  time: number | undefined
  bytes: number
  sizeOf: ((item: T) => number) | undefined
}

function checked<T>(o: BatchOptions<T>): Limits<T> {
  const { count, time, bytes, sizeOf } = o
  if (count === undefined && time === undefined && bytes === undefined) {
    throw optionError('count, time or bytes', 'given', undefined)
  }
  if (time !== undefined && !(typeof time === 'number' && time >= 0)) {
    throw optionError('time', 'a number of milliseconds, 0 or more', time)
  }
  return {
    count: checkCount('count', count, Number.POSITIVE_INFINITY),
    time,
    bytes: checkCount('bytes', bytes, Number.POSITIVE_INFINITY),
    sizeOf,
  }
}

class Batching<T> extends Subscriber<Delivery<T>> {
  readonly #target: Subscriber<Delivery<T[]>>
  readonly #limits: Limits<T>
  readonly #watches = new Map<Window, Watch>()
  #parts: Delivery<T>[] = []
  #bytes = 0
  #stopTimer: (() => void) | undefined

  constructor(target: Subscriber<Delivery<T[]>>, limits: Limits<T>) {
    super(target)
    this.#target = target
    this.#limits = limits
  }

  protected override _next(delivery: Delivery<T>): void {
    const { count, time, bytes, sizeOf } = this.#limits
    if (bytes !== Number.POSITIVE_INFINITY) {
      try {
        this.#bytes += measured(delivery, sizeOf)
      } catch (error) {
        nackNow(delivery, { reason: error })
        this.#target.error(error)
        return
      }
    }
    const first = this.#parts.push(delivery) === 1
    if (this.#parts.length >= count || this.#bytes >= bytes) {
      this.#close()
      return
    }
    if (first && time !== undefined && time !== Number.POSITIVE_INFINITY) {
      this.#stopTimer = clock.after(time, () => this.#close())
    }
    // The last step: the window may find, and say at once, that nothing more can come.
    const window = windowOf(delivery)
    if (window) this.#hold(window)
  }

  protected override _complete(): void {
    if (this.#parts.length > 0) this.#close()
    super._complete()
  }

  override unsubscribe(): void {
    if (this.closed) return
    super.unsubscribe()
    for (const delivery of this.#takeParts()) releaseNow(delivery)
  }

  #hold(window: Window): void {
    let watch = this.#watches.get(window)
    const isNew = watch === undefined
    if (!watch) {
      watch = { held: 0, stop: () => {} }
      this.#watches.set(window, watch)
    }
    watch.held++
    window.held++
    if (!isNew || this.#watches.get(window) !== watch) return
    const stop = window.whenStarved(() => this.#close())
    if (this.#watches.get(window) === watch) watch.stop = stop
    else stop()
  }

  #close(): void {
    this.#target.next(new BatchDelivery(this.#takeParts()))
  }

  #takeParts(): Delivery<T>[] {
    const parts = this.#parts
    this.#parts = []
    this.#bytes = 0
    this.#stopTimer?.()
    this.#stopTimer = undefined
    for (const [window, { held, stop }] of this.#watches) {
      stop()
      window.held -= held
    }
    this.#watches.clear()
    return parts
  }
}

/** What the batch has raised of one window, and its wait for that window's end. */
interface Watch {
  held: number
  stop: () => void
}

function measured<T>(delivery: Delivery<T>, sizeOf: ((item: T) => number) | undefined): number {
  const size = sizeOf ? sizeOf(delivery.value) : bytesOf(delivery)
  if (size !== undefined) return size
  throw optionError('sizeOf', 'given with bytes, since the size of this item is not known', sizeOf)
}
