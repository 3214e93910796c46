import type { Lease } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import type { NackOptions } from '../../core/nack.js'
import { portableError } from '../../core/portable-error.js'
import type { Taker } from '../../core/taker.js'
import { clock } from '../../util/clock.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'
import { Outbox, type Parcel } from './outbox.js'

/** What a feeder asks of the link that it takes for. */
export interface FeederLink {
  /** Items of a source that may be out at once; 0 while there is no destination. */
  roomFor(prefetch: number): number
  /** Of the destinations of what is taken now. */
  readonly version: number
  /** A feeder has sent all that it had taken. */
  sent(): void
}

interface Sent extends Parcel {
  readonly item: number
  readonly version: number
  readonly lease: Lease<unknown>
}

interface Connection {
  readonly channel: Channel<DataFromChild, DataToChild>
  readonly outbox: Outbox<Sent>
}

/** Sends the items of one of the parent's sources to the child that there is, and keeps each until that has settled it. */
export class SourceFeeder implements Taker<unknown> {
  readonly #id: number
  readonly #mailbox: Mailbox<unknown>
  readonly #prefetch: number
  readonly #link: FeederLink
  readonly #onFailed: (error: unknown) => void
  readonly #out = new Map<number, Sent>()
  #connection: Connection | undefined
  #taking = false
  #items = 0
  #settled = 0
  /** Since it takes no more. */
  #returned = 0
  #whenSettled: (() => void) | undefined

  /** `onFailed` hears of an item that can never be sent, or that failed for the last time. */
  constructor(
    id: number,
    mailbox: Mailbox<unknown>,
    prefetch: number,
    link: FeederLink,
    onFailed: (error: unknown) => void,
  ) {
    this.#id = id
    this.#mailbox = mailbox
    this.#prefetch = prefetch
    this.#link = link
    this.#onFailed = onFailed
  }

  get demand(): number {
    return this.#taking ? this.#link.roomFor(this.#prefetch) - this.#out.size : 0
  }

  /** The version of the oldest item that has yet to be sent. */
  get unsent(): number {
    return this.#connection?.outbox.first?.version ?? Number.POSITIVE_INFINITY
  }

  /** There may be more room. */
  review(): void {
    if (this.#taking) this.#mailbox.want(this)
  }

  get count(): EdgeCount {
    return { id: this.#id, items: this.#settled + this.#out.size, settled: this.#settled, bytes: 0 }
  }

  connect(channel: Channel<DataFromChild, DataToChild>): void {
    const outbox = new Outbox<Sent>(
      (parcels, sending) => {
        const metas = parcels.map(({ item, lease, version }) => {
          const headers = Object.keys(lease.headers).length > 0 ? lease.headers : (0 as const)
          return [item, lease.attempt, lease.enqueuedAt, headers, version] as const
        })
        const values = parcels.map(parcel => parcel.value)
        channel.send({ type: 'items', id: this.#id, metas, values }, sending)
      },
      (parcel, error) => {
        if (this.#release(parcel.item)) this.#mailbox.nack(parcel.lease, { reason: error })
        this.#onFailed(error)
      },
      () => this.#link.sent(),
    )
    this.#connection = { channel, outbox }
    this.#taking = true
    this.#mailbox.enrol(this)
  }

  accept(lease: Lease<unknown>): void {
    const sent: Sent = { item: ++this.#items, lease, value: lease.value, bytes: 0, version: this.#link.version }
    this.#out.set(sent.item, sent)
    this.#connection?.outbox.push(sent)
  }

  /** The source has ended. */
  end(error?: unknown): void {
    if (!this.#taking) return
    this.pause()
    const rest = error === undefined ? {} : { error: portableError(error) }
    this.#connection?.channel.send({ type: 'end', id: this.#id, ...rest })
  }

  settled(items: readonly number[]): void {
    for (const item of items) {
      const sent = this.#release(item)
      if (!sent) continue
      this.#settled++
      this.#mailbox.ack(sent.lease)
    }
    this.#mailbox.want(this)
  }

  nacked(item: number, attempt: number, o: NackOptions): void {
    const sent = this.#release(item)
    if (!sent) return
    sent.lease.attempt = attempt
    if (this.#mailbox.nack(sent.lease, o) === 'exhausted') this.#onFailed(o.reason)
    this.#mailbox.want(this)
  }

  /** Not failed: dropped by all its destinations. */
  returned(item: number, attempt: number, delay: number): void {
    const sent = this.#release(item)
    if (!sent) return
    sent.lease.attempt = attempt
    this.#returned++
    this.#mailbox.giveBack(sent.lease, delay > 0 ? clock.now() + delay : 0)
    this.#mailbox.want(this)
  }

  /** Calls back once nothing is out, or no child has it. */
  whenSettled(callback: () => void): void {
    if (this.#out.size === 0) callback()
    else this.#whenSettled = callback
  }

  /** Takes no more; what is out stays out until it is settled. */
  pause(): void {
    if (this.#taking) this.#returned = 0
    this.#taking = false
    this.#mailbox.leave(this)
  }

  /** The child is gone: everything that it had not settled goes back to its place. Answers how much did since it takes no more. */
  reclaim(): number {
    this.pause()
    this.#connection = undefined
    const out = [...this.#out.values()]
    this.#out.clear()
    for (const { lease } of out) this.#mailbox.giveBack(lease, 0)
    this.#settledAll()
    return out.length + this.#returned
  }

  #release(item: number): Sent | undefined {
    const sent = this.#out.get(item)
    if (!sent) return undefined
    this.#out.delete(item)
    this.#connection?.outbox.settled(sent)
    if (this.#out.size === 0) this.#settledAll()
    return sent
  }

  #settledAll(): void {
    const callback = this.#whenSettled
    this.#whenSettled = undefined
    callback?.()
  }
}
