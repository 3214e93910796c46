import { clock } from '../util/clock.js'
import { bury, type DeadLetter } from './dead-letter.js'
import type { Lease } from './entry.js'
import type { QueueMetrics } from './metrics.js'
import type { NackOptions, NackOutcome } from './nack.js'
import { checkDelay } from './options.js'
import type { Rests } from './rests.js'
import type { Turn } from './turn.js'

/** What refusing an item needs of the mailbox that it came from. */
interface Origin<T> {
  readonly name: string
  readonly metrics: QueueMetrics
  readonly maxAttempts: number
  readonly rests: Rests<T>
  readonly ended: Error | undefined
  readonly discarding: boolean
  ack(lease: Lease<T>): boolean
  giveBack(lease: Lease<T>, due: number): boolean
}

/** Decides what becomes of an item that its consumer refused: it comes again later, moves to the dead-letter queue, or is gone. */
export class Nacking<T> {
  readonly #origin: Origin<T>
  readonly #turn: Turn
  readonly #deadLetter: DeadLetter<T> | undefined

  constructor(origin: Origin<T>, turn: Turn, deadLetter: DeadLetter<T> | undefined) {
    this.#origin = origin
    this.#turn = turn
    this.#deadLetter = deadLetter
  }

  /** Throws, and changes nothing, for a delay that cannot be. */
  nack(lease: Lease<T>, o: NackOptions = {}): NackOutcome {
    const origin = this.#origin
    checkDelay(o.delay)
    if (origin.ended) {
      origin.metrics.lateSettles++
      return 'lost'
    }
    origin.metrics.nacked++
    const exhausted = lease.attempt >= origin.maxAttempts
    if (this.#deadLetter && (exhausted || o.requeue === false)) {
      this.#bury(this.#deadLetter, lease, o.reason)
      return 'gone'
    }
    if (o.requeue === false) return this.#discard(lease)
    if (origin.discarding) return origin.giveBack(lease, 0) ? 'gone' : 'lost'
    if (!o.delay) origin.rests.add(lease, o.delay)
    else {
      this.#turn.freeze()
      if (!origin.giveBack(lease, clock.now() + o.delay)) return 'lost'
    }
    return exhausted ? 'exhausted' : 'back'
  }

  #discard(lease: Lease<T>): NackOutcome {
    const done = this.#origin.ack(lease)
    if (done) this.#origin.metrics.discarded++
    return done ? 'gone' : 'lost'
  }

  /** The item leaves its queue only when the dead-letter queue has stored it; where that fails, it comes back. */
  #bury(deadLetter: DeadLetter<T>, lease: Lease<T>, reason: unknown): void {
    const origin = this.#origin
    bury(deadLetter, lease, origin.name, reason).then(
      () => {
        origin.metrics.deadLettered++
        origin.ack(lease)
      },
      () => origin.rests.add(lease),
    )
  }
}
