import { timestamp } from '../util/clock.js'
import { Entry, type Lease } from './entry.js'
import { FifoShelf } from './fifo-shelf.js'
import { Mailbox } from './mailbox.js'
import { MemoryStore } from './memory-store.js'

/** Encoded bytes that a feed holds, read and not yet settled; an eighth of it may be out with one subscription. */
const BYTES = 8 * 1024 * 1024
/** Two marks, so that a source is not stopped and started for each item. */
const STOP_AT = 1024 * 1024
const GO_ON_AT = 512 * 1024
const STOP_AT_ITEMS = 4096
const GO_ON_AT_ITEMS = 1024
/** As of queues. An item that fails for ever would else hold up its file without a word. */
const ATTEMPTS = 16

/**
 * What a file, a stream or a process is read into: a private mailbox, so that their items are delivered, settled and
 * given back as a queue's are, and reading goes no further ahead than a few hundred KiB.
 */
export class Feed<T> {
  readonly mailbox: Mailbox<T>
  /** `settledBytes` tells where another reader can go on: it reads one file, not compressed, and not replaced meanwhile. */
  resumable = false
  readonly #store: FeedStore<T>

  constructor(name: string) {
    this.#store = new FeedStore<T>()
    this.mailbox = new Mailbox(this.#store, { name, maxAttempts: ATTEMPTS })
  }

  /** `bytes`: how much of the input the value took up, separators included. */
  push(value: T, bytes: number): void {
    this.mailbox.line.tryNow([new Entry(value, timestamp(), 0, 0, undefined, undefined, bytes)])
    this.mailbox.took()
  }

  /** Everything of the input before this many bytes is settled. */
  get settledBytes(): number {
    return this.#store.settledBytes
  }

  get isFull(): boolean {
    return this.#store.bytes >= STOP_AT || this.#held() >= STOP_AT_ITEMS
  }

  /** Calls back when there is room to read on; the answer cancels it. */
  whenRoom(callback: () => void): () => void {
    const store = this.#store
    store.full = true
    return this.mailbox.when(() => {
      store.full = store.bytes > GO_ON_AT || this.#held() > GO_ON_AT_ITEMS
      return !store.full
    }, callback)
  }

  /** No more will come: readers drain what is there, then complete, or end with the error. */
  end(error?: unknown): void {
    this.mailbox.shutdown(false, error)
  }

  #held(): number {
    return this.#store.ready + this.#store.leased
  }
}

/** Knows up to where its items are settled without a gap. */
class FeedStore<T> extends MemoryStore<T> {
  /** Reading has stopped until there is room. */
  full = false
  settledBytes = 0
  #next = 1
  readonly #ahead = new Map<number, number>()

  constructor() {
    super('feed', new FifoShelf<T>(), Number.POSITIVE_INFINITY, BYTES)
  }

  override ack(lease: Lease<T>): boolean {
    if (!super.ack(lease)) return false
    if (lease.seq !== this.#next) {
      this.#ahead.set(lease.seq, lease.bytes)
      return true
    }
    this.settledBytes += lease.bytes
    this.#next++
    for (let bytes = this.#ahead.get(this.#next); bytes !== undefined; bytes = this.#ahead.get(this.#next)) {
      this.#ahead.delete(this.#next++)
      this.settledBytes += bytes
    }
    return true
  }
}
