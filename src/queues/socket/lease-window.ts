import type { Lease } from '../../core/entry.js'
import { clock } from '../../util/clock.js'
import { Ring } from '../../util/ring.js'
import type { Belief } from './belief.js'
import type { GivenBack, ToClient, ToHost } from './protocol.js'
import { OpenParcel, RemoteLease } from './remote-lease.js'

type Items = Extract<ToClient, { type: 'items' }>

/** What a client has leased: the items that wait for its readers, and what became of the others and the host has not heard yet. */
export class LeaseWindow<T> {
  /** Items that came over this connection, and the bytes of those that the host does not know of to have come. */
  received = 0
  bytesUntold = 0
  readonly #belief: Belief
  readonly #items = new Ring<RemoteLease<T>>()
  #acked: number[] = []
  #back: GivenBack[] = []
  readonly #handed = new Set<RemoteLease<T>>()
  /** Leases end with the connection that brought them. */
  #life = {}

  constructor(belief: Belief) {
    this.#belief = belief
  }

  /** Items that wait for readers. */
  get length(): number {
    return this.#items.length
  }

  receive({ first, parcel, seqs, attempts }: Items): void {
    const open = new OpenParcel<T>(parcel, seqs.length)
    for (let at = 0; at < seqs.length; at++) {
      const attempt = attempts === 0 ? 0 : (attempts[at] as number)
      const lease = { id: first + at, connection: this.#life, seq: seqs[at] as number, attempt }
      this.#items.push(new RemoteLease(lease, open, at))
    }
    this.received += seqs.length
    this.bytesUntold += parcel.length
  }

  take(max: number): RemoteLease<T>[] {
    const taken: RemoteLease<T>[] = []
    while (taken.length < max) {
      const lease = this.#items.shift()
      if (!lease) break
      taken.push(lease)
    }
    return taken
  }

  /** False: the lease has passed on. */
  ack(lease: Lease<T>): boolean {
    const remote = this.#settled(lease)
    if (!remote) return false
    this.#acked.push(remote.id)
    this.#belief.change(0, 0, -1)
    return true
  }

  giveBack(lease: Lease<T>, due: number): boolean {
    const remote = this.#settled(lease)
    if (!remote) return false
    const delay = due > 0 ? Math.max(0, due - clock.now()) : 0
    this.#back.push([remote.id, remote.attempt, delay])
    this.#belief.change(delay > 0 ? 0 : 1, delay > 0 ? 1 : 0, -1)
    return true
  }

  handedOver(lease: Lease<T>): void {
    this.#handed.add(lease as RemoteLease<T>)
  }

  /** More than anybody wants goes back, the latest first, as if it had never come. */
  releaseBut(demand: number): void {
    while (this.#items.length > demand) this.giveBack(this.#items.pop() as RemoteLease<T>, 0)
  }

  /** What the host has to hear, if anything. */
  news(): Extract<ToHost, { type: 'settle' }> | undefined {
    if (this.#acked.length + this.#back.length + this.#handed.size === 0) return undefined
    const handed = [...this.#handed].map(({ id }) => id)
    const news = { type: 'settle', acked: this.#acked, back: this.#back, handed } as const
    this.#acked = []
    this.#back = []
    this.#handed.clear()
    return news
  }

  /** All of them are the host's again. */
  lose(): void {
    this.#life = {}
    this.received = 0
    this.bytesUntold = 0
    this.#items.clear()
    this.#acked = []
    this.#back = []
    this.#handed.clear()
  }

  #settled(lease: Lease<T>): RemoteLease<T> | undefined {
    const remote = lease as RemoteLease<T>
    if (remote.settled || remote.connection !== this.#life) return undefined
    remote.settled = true
    this.#handed.delete(remote)
    return remote
  }
}
