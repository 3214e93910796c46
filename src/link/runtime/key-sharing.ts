import type { Lease } from '../../core/entry.js'
import type { Mailbox } from '../../core/mailbox.js'
import type { Taker } from '../../core/taker.js'

/** Where the workers of a link stand in line for the items of one source. */
export interface SourceLine {
  enrol(taker: Taker<unknown>): void
  want(taker: Taker<unknown>): void
  leave(taker: Taker<unknown>): void
}

/** Hands the items of a source to the workers of a link, those of one key always to the same; all wait while one has no room. */
export class KeySharing implements Taker<unknown>, SourceLine {
  readonly #mailbox: Mailbox<unknown>
  readonly #keyOf: (lease: Lease<unknown>) => string
  readonly #count: number
  readonly #workers: Taker<unknown>[] = []
  /** Those that have a child. */
  readonly #there = new Set<Taker<unknown>>()

  #over: { readonly error: unknown } | undefined

  constructor(mailbox: Mailbox<unknown>, keyOf: (lease: Lease<unknown>) => string, workers: number) {
    this.#mailbox = mailbox
    this.#keyOf = keyOf
    this.#count = workers
  }

  get demand(): number {
    return this.#there.size < this.#count ? 0 : Math.min(...this.#workers.map(({ demand }) => demand))
  }

  accept(lease: Lease<unknown>): void {
    let key: string
    try {
      key = this.#keyOf(lease)
    } catch (reason) {
      this.#mailbox.handedOver(lease)
      if (this.#mailbox.nack(lease, { reason }) === 'exhausted') this.end(reason)
      return
    }
    this.#workers[hashOf(key) % this.#count]?.accept(lease)
  }

  end(error?: unknown): void {
    this.#over = { error }
    for (const worker of [...this.#there]) worker.end(error)
  }

  enrol(worker: Taker<unknown>): void {
    if (this.#over) {
      worker.end(this.#over.error)
      return
    }
    if (!this.#workers.includes(worker)) this.#workers.push(worker)
    this.#there.add(worker)
    if (this.#there.size === this.#count) this.#mailbox.enrol(this)
  }

  want(): void {
    this.#mailbox.want(this)
  }

  leave(worker: Taker<unknown>): void {
    if (this.#there.delete(worker)) this.#mailbox.leave(this)
  }
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
