import { Entry } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import { unpackParcel } from '../../core/parcel-codec.js'
import type { Waiting } from '../../core/put-line.js'
import { protocolError } from '../../core/wire.js'
import { CodecError } from '../../errors/codec-error.js'
import { ItemTooLargeError } from '../../errors/item-too-large-error.js'
import { QueueFullError } from '../../errors/queue-full-error.js'
import { clock } from '../../util/clock.js'
import { PUT_BYTES, PUTS } from './limits.js'
import type { ToHost } from './protocol.js'

type Put = Extract<ToHost, { type: 'put' }>

/** Whom a session tells what became of puts: the connection that its client has at the time. */
export interface PutReports {
  stored(): void
  failed(number: number, error: unknown): void
}

/** Failures remembered for a client that did not hear of them. */
const FAILURES = 1024

/**
 * What a host knows of one client's puts. It outlives the connection: a client that comes back repeats what it has not
 * heard of, and nothing is stored twice, as long as the host lives.
 */
export class PutSession<T> {
  reports: PutReports | undefined
  /** When its client left, in ms. */
  leftAt = 0
  readonly #client: string
  readonly #mailbox: Mailbox<T>
  /** Every put up to this number was dealt with, or is open. */
  #taken = 0
  /** Those that are neither stored nor refused yet, in order, with their bytes. */
  readonly #open = new Map<number, number>()
  readonly #waiting = new Map<number, Waiting<T>>()
  readonly #failures = new Map<number, unknown>()
  #bytes = 0

  constructor(client: string, mailbox: Mailbox<T>) {
    this.#client = client
    this.#mailbox = mailbox
  }

  /** Every put up to this number is stored, or was refused. */
  get stored(): number {
    for (const first of this.#open.keys()) return first - 1
    return this.#taken
  }

  get isIdle(): boolean {
    return this.#open.size === 0 && !this.reports
  }

  put({ number, parcel, priority, delay }: Put): void {
    if (number <= this.#taken) {
      this.#repeated(number)
      return
    }
    const bytes = parcel.length
    if (this.#open.size > 0 && (this.#bytes + bytes > PUT_BYTES || this.#open.size >= PUTS)) {
      throw protocolError('more was put at once than a client may')
    }
    this.#taken = number
    this.#open.set(number, bytes)
    this.#bytes += bytes
    let entries: readonly Entry<T>[]
    try {
      entries = this.#entries(parcel, priority, delay)
    } catch (error) {
      this.#failed(number, error)
      return
    }
    const { line } = this.#mailbox
    const settler = {
      // From here on it cannot be withdrawn.
      accepted: () => void this.#waiting.delete(number),
      stored: () => this.#stored(number),
      failed: (error: unknown) => this.#failed(number, error),
    }
    const repeat = { client: this.#client, number }
    if (line.tryOnce(entries, repeat)) {
      line.whenStored(settler)
      this.#mailbox.took()
    } else {
      this.#waiting.set(number, line.wait(entries, settler, repeat))
      this.#mailbox.kick()
    }
  }

  withdraw(number: number): void {
    const place = this.#waiting.get(number)
    if (!place) return
    this.#mailbox.line.leave(place)
    this.#failed(number, new QueueFullError(`${this.#mailbox.name} is full`))
  }

  /** The client has gone. What waits for room waits no longer: its client repeats it when it comes back. */
  leave(): void {
    this.reports = undefined
    this.leftAt = Date.now()
    for (const [number, place] of this.#waiting) {
      this.#mailbox.line.leave(place)
      this.#close(number)
      this.#taken = Math.min(this.#taken, number - 1)
    }
    this.#waiting.clear()
  }

  #entries(parcel: Uint8Array, priority: number, delay: number): readonly Entry<T>[] {
    const mailbox = this.#mailbox
    mailbox.assertOpen()
    const entries = this.#unpacked(parcel, priority, delay > 0 ? clock.now() + delay : 0)
    const { capacity } = mailbox.store
    if (entries.length === 0) throw new CodecError('a put holds no items')
    if (entries.length > capacity) {
      throw new ItemTooLargeError(`a batch of ${entries.length} items can never fit ${mailbox.name} (${capacity})`)
    }
    mailbox.store.seal?.(entries)
    return entries
  }

  #unpacked(parcel: Uint8Array, priority: number, due: number): readonly Entry<T>[] {
    const { maker } = this.#mailbox
    const entries = unpackParcel<T>(parcel)
    if (!maker.checks && priority === 0 && due === 0) return entries
    return entries.map(({ value, enqueuedAt, headers, key }) => {
      return new Entry(maker.out(value), enqueuedAt, due, priority, headers, key)
    })
  }

  #repeated(number: number): void {
    if (this.#failures.has(number)) this.reports?.failed(number, this.#failures.get(number))
    else this.reports?.stored()
  }

  #stored(number: number): void {
    this.#waiting.delete(number)
    this.#close(number)
    this.reports?.stored()
  }

  #failed(number: number, error: unknown): void {
    this.#waiting.delete(number)
    this.#close(number)
    this.#failures.set(number, error)
    if (this.#failures.size > FAILURES)
      for (const oldest of this.#failures.keys()) if (this.#failures.delete(oldest)) break
    this.reports?.failed(number, error)
  }

  #close(number: number): void {
    this.#bytes -= this.#open.get(number) ?? 0
    this.#open.delete(number)
  }
}
