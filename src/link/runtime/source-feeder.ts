import type { Lease } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import type { Taker } from '../../core/taker.js'
import type { DataFromChild, DataToChild } from '../protocol.js'
import type { Channel } from './channel.js'
import { Outbox, type Parcel } from './outbox.js'

interface Sent extends Parcel {
  readonly item: number
  readonly lease: Lease<unknown>
}

/** Sends the items of one of the parent's sources to the child, and keeps each until the child has settled it. */
export class SourceFeeder implements Taker<unknown> {
  readonly #id: number
  readonly #mailbox: Mailbox<unknown>
  readonly #window: number
  readonly #channel: Channel<DataFromChild, DataToChild>
  readonly #onFailed: (error: unknown) => void
  readonly #out = new Map<number, Sent>()
  readonly #outbox: Outbox<Sent>
  #over = false
  #items = 0

  /** `onFailed` hears of an item that can never be sent, or that failed for the last time. */
  constructor(
    id: number,
    mailbox: Mailbox<unknown>,
    window: number,
    channel: Channel<DataFromChild, DataToChild>,
    onFailed: (error: unknown) => void,
  ) {
    this.#id = id
    this.#mailbox = mailbox
    this.#window = window
    this.#channel = channel
    this.#onFailed = onFailed
    this.#outbox = new Outbox(
      (parcels, sending) => {
        const metas = parcels.map(({ item, lease }) => {
          const headers = Object.keys(lease.headers).length > 0 ? lease.headers : (0 as const)
          return [item, lease.attempt, lease.enqueuedAt, headers] as const
        })
        const values = parcels.map(parcel => parcel.value)
        channel.send({ type: 'items', id, metas, values }, sending)
      },
      (parcel, error) => {
        this.#failed(parcel, error)
        this.#onFailed(error)
      },
    )
    mailbox.enrol(this)
  }

  get demand(): number {
    return this.#over ? 0 : this.#window - this.#out.size
  }

  /** Out with the child and not settled. */
  get unsettled(): number {
    return this.#out.size
  }

  accept(lease: Lease<unknown>): void {
    const sent: Sent = { item: ++this.#items, lease, value: lease.value, bytes: 0 }
    this.#out.set(sent.item, sent)
    this.#outbox.push(sent)
  }

  /** The source has ended; what is out may still come back, so that nothing ends before it is settled. */
  end(error?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#channel.send({ type: 'end', id: this.#id, error })
  }

  settled(items: readonly number[]): void {
    for (const item of items) {
      const sent = this.#release(item)
      if (sent) this.#mailbox.ack(sent.lease)
    }
    this.#mailbox.want(this)
  }

  nacked(item: number, attempt: number, o: { requeue?: boolean; delay?: number; reason?: unknown }): void {
    const sent = this.#release(item)
    if (!sent) return
    sent.lease.attempt = attempt
    if (this.#mailbox.nack(sent.lease, o) === 'exhausted') this.#onFailed(o.reason)
    this.#mailbox.want(this)
  }

  /** Takes no more; what is out stays out until it is settled. */
  stop(): void {
    this.#over = true
    this.#mailbox.leave(this)
  }

  /** The child is gone: everything that it had not settled goes back to its place. Answers how much that was. */
  reclaim(): number {
    this.stop()
    const count = this.#out.size
    for (const { lease } of this.#out.values()) this.#mailbox.giveBack(lease, 0)
    this.#out.clear()
    return count
  }

  #release(item: number): Sent | undefined {
    const sent = this.#out.get(item)
    if (!sent) return undefined
    this.#out.delete(item)
    this.#outbox.settled(sent)
    return sent
  }

  #failed(parcel: Sent, error: unknown): void {
    if (this.#release(parcel.item)) this.#mailbox.nack(parcel.lease, { reason: error })
  }
}
