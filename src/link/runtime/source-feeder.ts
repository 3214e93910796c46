import type { Lease } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import type { NackOptions } from '../../core/nack.js'
import { portableError } from '../../core/portable-error.js'
import type { Taker } from '../../core/taker.js'
import { LinkError } from '../../errors/link-error.js'
import { clock } from '../../util/clock.js'
import { Latencies } from '../latencies.js'
import type { DataFromChild, DataToChild, EdgeCount } from '../protocol.js'
import type { Channel } from './channel.js'
import { Outbox, type Parcel } from './outbox.js'
import type { OwnSource } from './own-ends.js'
import type { Quarantine } from './quarantine.js'

/** What a feeder asks of the link that it takes for. */
export interface FeederLink {
  /** Items of a source that may be out at once; 0 while there is no destination. */
  roomFor(prefetch: number): number
  /** Of the destinations of what is taken now. */
  readonly version: number
  /** Of items that are worked on one after another. */
  readonly keyOf: ((lease: Lease<unknown>) => string) | undefined
}

export interface FeederEvents {
  /** Everything that was taken has been sent. */
  sent(): void
  /** An item can never be sent, or failed for the last time. */
  failed(error: unknown): void
}

interface Connection {
  readonly channel: Channel<DataFromChild, DataToChild>
  readonly outbox: Outbox<Sent>
}

/** Sends items of one of the parent's sources to the child that there is, and keeps each until that has settled it. */
export class SourceFeeder implements Taker<unknown> {
  readonly #id: number
  readonly #own: OwnSource
  readonly #link: FeederLink
  readonly #quarantine: Quarantine<Sent>
  readonly #on: FeederEvents
  readonly #out = new Map<number, Sent>()
  #connection: Connection | undefined
  #taking = false
  #items = 0
  #settled = 0
  #bytes = 0
  readonly #latencies = new Latencies()
  /** Since it takes no more. */
  #returned = 0
  #whenSettled: (() => void) | undefined

  constructor(id: number, own: OwnSource, link: FeederLink, quarantine: Quarantine<Sent>, on: FeederEvents) {
    this.#id = id
    this.#own = own
    this.#link = link
    this.#quarantine = quarantine
    this.#on = on
  }

  get demand(): number {
    if (!this.#taking || this.#quarantine.isOn) return 0
    return this.#link.roomFor(this.#own.prefetch) - this.#out.size
  }

  get count(): EdgeCount {
    return {
      id: this.#id,
      items: this.#settled + this.#out.size,
      settled: this.#settled,
      bytes: this.#bytes,
      credits: Math.max(0, this.demand),
      latencies: this.#latencies.counts,
    }
  }

  /** The version of the oldest item that has yet to be sent. */
  get unsent(): number {
    for (const sent of this.#out.values()) if (!sent.isSent) return sent.version
    return Number.POSITIVE_INFINITY
  }

  /** There may be more room. */
  review(): void {
    if (this.#taking) this.#own.line.want(this)
  }

  connect(channel: Channel<DataFromChild, DataToChild>): void {
    const outbox = new Outbox<Sent>(
      (parcels, sending) => {
        const metas = parcels.map(({ item, lease, version }) => {
          const headers = Object.keys(lease.headers).length > 0 ? lease.headers : (0 as const)
          return [item, lease.attempt, lease.enqueuedAt, headers, version, this.#link.keyOf?.(lease) ?? 0] as const
        })
        const values = parcels.map(parcel => {
          parcel.isSent = true
          return parcel.value
        })
        channel.send({ type: 'items', id: this.#id, metas, values }, sending)
      },
      (parcel, error) => {
        if (this.#release(parcel.item)) this.#mailbox().nack(parcel.lease, { reason: error })
        this.#on.failed(error)
      },
      () => this.#on.sent(),
    )
    this.#connection = { channel, outbox }
    this.#taking = true
    this.#own.line.enrol(this)
  }

  accept(lease: Lease<unknown>): void {
    const isSuspect = this.#own.suspects.isSuspect(lease.seq)
    const sent = new Sent(this, ++this.#items, lease, this.#link.version, isSuspect)
    this.#out.set(sent.item, sent)
    this.#quarantine.send(sent)
  }

  /** Its turn has come. */
  send(sent: Sent): void {
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
      this.#bytes += sent.lease.bytes
      this.#latencies.record(sent.lease.enqueuedAt)
      this.#mailbox().ack(sent.lease)
    }
    this.#own.line.want(this)
  }

  nacked(item: number, attempt: number, o: NackOptions): void {
    const sent = this.#release(item)
    if (!sent) return
    sent.lease.attempt = attempt
    // In work when the link let go.
    if (!this.#taking) this.#returned++
    if (this.#mailbox().nack(sent.lease, o) === 'exhausted') this.#on.failed(o.reason)
    this.#own.line.want(this)
  }

  /** Not failed: dropped by all its destinations. */
  returned(item: number, attempt: number, delay: number): void {
    const sent = this.#release(item)
    if (!sent) return
    sent.lease.attempt = attempt
    this.#returned++
    this.#mailbox().giveBack(sent.lease, delay > 0 ? clock.now() + delay : 0)
    this.#own.line.want(this)
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
    this.#own.line.leave(this)
  }

  /** The child has died with what it was sent. */
  childDied(): void {
    for (const { isSent, lease } of this.#out.values()) if (isSent) this.#own.suspects.died(lease.seq)
  }

  /** It was the only item that a child had when it died: that was an attempt, and it failed. */
  blame({ item, lease }: Sent, why: string): void {
    const { suspects } = this.#own
    if (!this.#release(item)) return
    suspects.accuse(lease.seq)
    lease.attempt++
    const alone = `the link's child died with this item of ${this.#mailbox().name} alone in work`
    const reason = new LinkError(`${alone}, at attempt ${lease.attempt}: ${why}`, 'ERR_LINK_CHILD')
    if (this.#mailbox().nack(lease, { reason }) === 'exhausted') this.#on.failed(reason)
  }

  /** The child is gone: everything that it had not settled goes back to its place. Answers how much did since it takes no more. */
  reclaim(): number {
    this.pause()
    this.#connection = undefined
    const out = [...this.#out.values()]
    this.#out.clear()
    this.#quarantine.drop(out)
    for (const { lease } of out) this.#mailbox().giveBack(lease, 0)
    this.#settledAll()
    return out.length + this.#returned
  }

  #mailbox(): Mailbox<unknown> {
    return this.#own.mailbox
  }

  #release(item: number): Sent | undefined {
    const sent = this.#out.get(item)
    if (!sent) return undefined
    this.#out.delete(item)
    this.#own.suspects.settled(sent.lease.seq)
    this.#connection?.outbox.settled(sent)
    this.#quarantine.settled()
    if (this.#out.size === 0) this.#settledAll()
    return sent
  }

  #settledAll(): void {
    const callback = this.#whenSettled
    this.#whenSettled = undefined
    callback?.()
  }
}

/** An item that is out with a child. */
export class Sent implements Parcel {
  /** The number by which the child knows it. */
  readonly item: number
  readonly lease: Lease<unknown>
  /** Of its destinations. */
  readonly version: number
  readonly isSuspect: boolean
  isSent = false
  bytes = 0
  readonly #feeder: SourceFeeder

  constructor(feeder: SourceFeeder, item: number, lease: Lease<unknown>, version: number, isSuspect: boolean) {
    this.#feeder = feeder
    this.item = item
    this.lease = lease
    this.version = version
    this.isSuspect = isSuspect
  }

  get value(): unknown {
    return this.lease.value
  }

  send(): void {
    this.#feeder.send(this)
  }

  blame(why: string): void {
    this.#feeder.blame(this, why)
  }
}
