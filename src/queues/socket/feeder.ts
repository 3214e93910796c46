import type { Lease } from '../../core/entry.js'
import { FRAME_ROOM } from '../../core/frames.js'
import type { Mailbox } from '../../core/mailbox.js'
import { packParcel } from '../../core/parcel-codec.js'
import { portableError } from '../../core/portable-error.js'
import type { Taker } from '../../core/taker.js'
import type { Wire } from '../../core/wire.js'
import { ItemTooLargeError } from '../../errors/item-too-large-error.js'
import { clock } from '../../util/clock.js'
import { Ring } from '../../util/ring.js'
import { ITEM_BYTES } from './limits.js'
import type { ToClient, ToHost } from './protocol.js'

type Settle = Extract<ToHost, { type: 'settle' }>

/** What a parcel is filled up to, in items and in bytes, as far as sizes can be guessed. */
const PARCEL_ITEMS = 1024
const PARCEL_BYTES = 64 * 1024

/**
 * Leases items of a queue for one client, as many as it says that it wants, and settles them as it says. What it has not
 * settled when its connection ends goes back.
 */
export class Feeder<T> implements Taker<T> {
  readonly #mailbox: Mailbox<T>
  readonly #wire: Wire<ToHost, ToClient>
  readonly #frameLimit: number
  readonly #onClosed: () => void
  /** Leased, and not sent yet. */
  readonly #waiting = new Ring<Lease<T>>()
  readonly #out = new Map<number, Lease<T>>()
  /** Parcels on their way: the number of the last lease, and the bytes. */
  readonly #unseen = new Ring<{ readonly last: number; readonly bytes: number }>()
  #unseenBytes = 0
  #sent = 0
  #seen = 0
  #wanted = 0
  /** So many of the next ones did not fit a frame together. */
  #alone = 0
  /** Follows at once when items grow, slowly when they shrink. */
  #guess = 256

  /** `onClosed`: the queue that it feeds from was let go of, or broke. */
  constructor(mailbox: Mailbox<T>, wire: Wire<ToHost, ToClient>, frameLimit: number, onClosed: () => void) {
    this.#mailbox = mailbox
    this.#wire = wire
    this.#frameLimit = frameLimit
    this.#onClosed = onClosed
  }

  get demand(): number {
    return this.#wire.isChoked || this.#unseenBytes >= ITEM_BYTES ? 0 : this.#credit() - this.#waiting.length
  }

  /** So many more than the first `seen` ones. */
  want(items: number, seen: number): void {
    this.#wanted = items
    this.#seen = Math.min(seen, this.#sent)
    for (let first = this.#unseen.peek(); first && first.last <= seen; first = this.#unseen.peek()) {
      this.#unseen.shift()
      this.#unseenBytes -= first.bytes
    }
    // What was leased for it, and it no longer wants.
    while (this.#waiting.length > Math.max(0, this.#credit()))
      this.#mailbox.giveBack(this.#waiting.pop() as Lease<T>, 0)
    this.goOn()
    // There may be room for what waits, also where nothing more can be leased.
    this.#wire.wake()
  }

  /** There may be room on the wire. */
  goOn(): void {
    if (this.demand > 0) this.#mailbox.enrol(this)
  }

  accept(lease: Lease<T>): void {
    this.#waiting.push(lease)
    this.#wire.wake()
  }

  /** Without an error it is drained, for now: it may be reopened. The client sees so by itself. */
  end(error?: unknown): void {
    if (error !== undefined) this.#onClosed()
  }

  /** Sends what is leased, as far as there is room for it on the way. */
  flush(): void {
    while (this.#waiting.length > 0 && this.#unseenBytes < ITEM_BYTES && !this.#wire.isChoked) {
      this.#send(this.#nextParcel())
    }
    // What is there now, others may have. It wants more when there is room on the way.
    if (this.demand <= 0) this.#mailbox.takers.delete(this)
  }

  settle({ acked, back, handed }: Settle): void {
    const mailbox = this.#mailbox
    for (const id of acked) {
      const lease = this.#release(id)
      if (lease) mailbox.ack(lease)
    }
    for (const [id, attempt, delay] of back) {
      const lease = this.#release(id)
      if (!lease) continue
      lease.attempt = attempt
      mailbox.giveBack(lease, delay > 0 ? clock.now() + delay : 0)
    }
    for (const id of handed) {
      const lease = this.#out.get(id)
      if (!lease) continue
      lease.attempt++
      mailbox.store.handedOver?.(lease)
    }
  }

  /** The client has gone: all that it held goes back. */
  leave(): void {
    this.#wanted = 0
    this.#mailbox.leave(this)
    const held = [...this.#out.values(), ...this.#waiting]
    this.#out.clear()
    this.#waiting.clear()
    for (const lease of held) this.#mailbox.giveBack(lease, 0)
  }

  #credit(): number {
    return this.#wanted - (this.#sent - this.#seen)
  }

  #release(id: number): Lease<T> | undefined {
    const lease = this.#out.get(id)
    this.#out.delete(id)
    return lease
  }

  /** A parcel tells one time for all that is in it. */
  #nextParcel(): Lease<T>[] {
    const first = this.#waiting.shift() as Lease<T>
    const leases = [first]
    if (this.#alone > 0) {
      this.#alone--
      return leases
    }
    const most = Math.min(PARCEL_ITEMS, PARCEL_BYTES / this.#guess)
    for (let next = this.#waiting.peek(); next && leases.length < most; next = this.#waiting.peek()) {
      if (next.enqueuedAt !== first.enqueuedAt) break
      leases.push(this.#waiting.shift() as Lease<T>)
    }
    return leases
  }

  #send(leases: readonly Lease<T>[]): void {
    let bytes: Uint8Array
    try {
      bytes = packParcel(leases).bytes
      if (bytes.length + FRAME_ROOM > this.#frameLimit)
        throw new ItemTooLargeError(`an item of ${bytes.length} bytes fits no frame`)
    } catch (error) {
      if (leases.length > 1) this.#sendAlone(leases)
      else for (const lease of leases) this.#refuse(lease, error)
      return
    }
    this.#guess = Math.max(bytes.length / leases.length, this.#guess * 0.75)
    const first = this.#sent + 1
    for (const lease of leases) this.#out.set(++this.#sent, lease)
    this.#unseen.push({ last: this.#sent, bytes: bytes.length })
    this.#unseenBytes += bytes.length
    const attempts = leases.some(({ attempt }) => attempt > 0) ? leases.map(({ attempt }) => attempt) : 0
    const message = { type: 'items', first, parcel: bytes, seqs: leases.map(({ seq }) => seq), attempts } as const
    this.#wire.send(message, bytes.length + 8 * leases.length)
  }

  /** One of them cannot be sent, or all of them together: each on its own tells which, as there is room for it. */
  #sendAlone(leases: readonly Lease<T>[]): void {
    const rest = [...this.#waiting]
    this.#waiting.clear()
    for (const lease of [...leases, ...rest]) this.#waiting.push(lease)
    this.#alone = leases.length
  }

  /** It can never be sent: a dead letter, if there are any. Else it rests, and the client's readers hear of it. */
  #refuse(lease: Lease<T>, error: unknown): void {
    const mailbox = this.#mailbox
    lease.attempt++
    mailbox.nack(lease, { requeue: !mailbox.deadLetter, reason: error })
    if (!mailbox.deadLetter) this.#wire.send({ type: 'undeliverable', error: portableError(error) })
  }
}
