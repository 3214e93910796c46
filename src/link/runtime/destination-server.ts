import { Receipt, slot } from '../../core/receipt.js'
import { Ring } from '../../util/ring.js'
import type { OpenDestination } from '../open-destination.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'
import { portable } from './portable.js'

/** Stores what the child sends for one of the parent's destinations, and tells it when that is done. */
export class DestinationServer {
  readonly #id: number
  readonly #destination: OpenDestination
  #channel: Channel<DataFromChild, DataToChild> | undefined
  #frames = new Ring<FrameReceipt>()
  #items = 0

  constructor(id: number, destination: OpenDestination) {
    this.#id = id
    this.#destination = destination
  }

  get count(): EdgeCount {
    return { id: this.#id, items: this.#items, settled: this.#items, bytes: 0 }
  }

  /** What an earlier child sent is nobody's business any more once it is stored. */
  connect(channel: Channel<DataFromChild, DataToChild>): void {
    this.#channel = channel
    this.#frames = new Ring()
  }

  put(ticket: number, values: readonly unknown[]): void {
    const frames = this.#frames
    const frame = new FrameReceipt(
      ticket,
      () => {
        if (frames === this.#frames) this.#report()
      },
      error => {
        if (frames === this.#frames) this.#channel?.send({ type: 'failed', id: this.#id, error: portable(error) })
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
    frame.stored()
  }

  complete(): void {
    const id = this.#id
    this.#destination.complete().then(
      () => this.#channel?.send({ type: 'completed', id }),
      error => this.#channel?.send({ type: 'completed', id, error: portable(error) }),
    )
  }

  /** Frames are confirmed in the order in which they came, whatever the order in which they were stored. */
  #report(): void {
    let ticket = 0
    for (let first = this.#frames.peek(); first?.isStored; first = this.#frames.peek()) {
      ticket = first.ticket
      this.#frames.shift()
    }
    if (ticket > 0) this.#channel?.send({ type: 'stored', id: this.#id, ticket })
  }
}

/** Joins the values of one frame: settled when all of them are stored. */
class FrameReceipt extends Receipt {
  readonly ticket: number
  isStored = false
  readonly #onStored: () => void
  readonly #onFailed: (error: unknown) => void

  constructor(ticket: number, onStored: () => void, onFailed: (error: unknown) => void) {
    super()
    this.ticket = ticket
    this.#onStored = onStored
    this.#onFailed = onFailed
  }

  protected settled(): void {
    this.isStored = true
    this.#onStored()
  }

  protected spoiled(error: unknown): void {
    this.#onFailed(error)
  }
}
