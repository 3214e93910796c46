import { portableError } from '../../core/portable-error.js'
import { Receipt, slot } from '../../core/receipt.js'
import { Ring } from '../../util/ring.js'
import type { OpenDestination } from '../open-destination.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'

/** Stores what the child sends for one of the parent's destinations, and tells it when that is done. */
export class DestinationServer {
  readonly #id: number
  readonly #destination: OpenDestination
  readonly #complete: () => Promise<void>
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #frames = new Ring<FrameReceipt>()
  #items = 0
  #unstored = 0
  #reported = 0
  #scheduled = false

  /** `complete`: the child has nothing more for it. */
  constructor(id: number, destination: OpenDestination, complete: () => Promise<void>) {
    this.#id = id
    this.#destination = destination
    this.#complete = complete
  }

  get count(): EdgeCount {
    return { id: this.#id, items: this.#items, settled: this.#items - this.#unstored, bytes: 0 }
  }

  /** What an earlier child sent is nobody's business any more once it is stored. */
  connect(channel: Channel<DataFromChild, DataToChild>): void {
    this.#channel = channel
    this.#frames = new Ring()
    this.#reported = 0
  }

  disconnect(): void {
    this.#channel = undefined
    this.#frames = new Ring()
  }

  /** `ticket` is that of the last value. */
  put(ticket: number, values: readonly unknown[]): void {
    const frames = this.#frames
    const frame = new FrameReceipt(
      ticket,
      count => {
        this.#unstored += count
      },
      () => {
        if (frames === this.#frames) this.#reportSoon()
      },
      error => {
        if (frames === this.#frames) this.#channel?.send({ type: 'failed', id: this.#id, error: portableError(error) })
      },
    )
    frames.push(frame)
    this.#items += values.length
    const before = slot.current
    slot.current = frame
    try {
      for (const value of values) this.#destination.push(value)
    } finally {
      slot.current = before
    }
    frame.passedOn()
  }

  complete(): void {
    const id = this.#id
    this.#complete().then(
      () => this.#channel?.send({ type: 'completed', id }),
      error => this.#channel?.send({ type: 'completed', id, error: portableError(error) }),
    )
  }

  #reportSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#report()
    })
  }

  /** Values are confirmed in the order in which they came, up to the first that is not stored. */
  #report(): void {
    let upTo = 0
    for (let first = this.#frames.peek(); first; first = this.#frames.peek()) {
      upTo = Math.max(upTo, first.storedUpTo)
      if (first.storedUpTo < first.ticket) break
      this.#frames.shift()
    }
    if (upTo <= this.#reported) return
    this.#reported = upTo
    this.#channel?.send({ type: 'stored', id: this.#id, ticket: upTo })
  }
}

/** Joins the values of one frame, which its destination stores in their order. */
class FrameReceipt extends Receipt {
  readonly ticket: number
  readonly #onWaiting: (count: 1 | -1) => void
  readonly #onStored: () => void
  readonly #onFailed: (error: unknown) => void
  #waiting = 0
  #passing = true
  #failed = false

  constructor(
    ticket: number,
    onWaiting: (count: 1 | -1) => void,
    onStored: () => void,
    onFailed: (error: unknown) => void,
  ) {
    super()
    this.ticket = ticket
    this.#onWaiting = onWaiting
    this.#onStored = onStored
    this.#onFailed = onFailed
  }

  get storedUpTo(): number {
    return this.#passing || this.#failed ? 0 : this.ticket - this.#waiting
  }

  override join(): void {
    this.#waiting++
    this.#onWaiting(1)
    super.join()
  }

  override stored(): void {
    this.#waiting--
    this.#onWaiting(-1)
    super.stored()
    if (!this.#passing) this.#onStored()
  }

  /** It stays unstored. */
  override failed(error: unknown): void {
    this.spoil(error)
    this.#waiting--
    super.stored()
  }

  override spoil(error: unknown): void {
    this.#failed = true
    super.spoil(error)
  }

  /** All its values have been pushed. */
  passedOn(): void {
    this.#passing = false
    super.stored()
    this.#onStored()
  }

  protected settled(): void {}

  protected spoiled(error: unknown): void {
    this.#onFailed(error)
  }
}
