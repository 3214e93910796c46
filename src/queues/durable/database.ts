import type { QueueLinkError } from '../../errors/queue-link-error.js'
import { type BytesTable, DataFile } from './data-file.js'
import type { Durability } from './durable-options.js'
import type { Meta } from './meta.js'

export type { BytesTable }

/** The name of a data file: each compaction makes a new one, and the highest generation counts. */
export function fileOf(generation: number): string {
  return `items-${generation}.mdb`
}

/** The data file that counts at the time. */
export class Database {
  readonly durability: Durability
  generation: number
  /** A handle of this thread writes the next data file. */
  isBeingCopied = false
  readonly directory: string
  #file: DataFile
  /** Files that count no more, until they are closed. */
  readonly #closing = new Set<Promise<void>>()

  constructor(directory: string, generation: number, durability: Durability) {
    this.directory = directory
    this.durability = durability
    this.generation = generation
    this.#file = new DataFile(directory, fileOf(generation), durability, false)
  }

  get items(): BytesTable {
    return this.#file.items
  }

  get delayed(): BytesTable {
    return this.#file.delayed
  }

  get done(): BytesTable {
    return this.#file.done
  }

  get keys(): BytesTable {
    return this.#file.keys
  }

  get expiry(): BytesTable {
    return this.#file.expiry
  }

  get clients(): BytesTable {
    return this.#file.clients
  }

  get payloads(): BytesTable {
    return this.#file.payloads
  }

  get damaged(): BytesTable {
    return this.#file.damaged
  }

  get meta(): Meta {
    return this.#file.meta
  }

  set meta(meta: Meta) {
    this.#file.meta = meta
  }

  get space(): { bytes: number; used: number } {
    return this.#file.space
  }

  /** Those of the dead keep pages from being used again. */
  forgetReaders(): void {
    this.#file.forgetReaders()
  }

  refresh(): void {
    this.#file.refresh()
  }

  /** Does nothing if another file counts by the time that the transaction begins. */
  commit(work: () => void): Promise<void> {
    const file = this.#file
    return file.commit(() => {
      if (file === this.#file) work()
    })
  }

  commitNow(work: () => void): void {
    this.#file.commitNow(work)
  }

  hasRoomFor(bytes: number): boolean {
    return this.#file.hasRoomFor(bytes)
  }

  full(): QueueLinkError {
    return this.#file.full()
  }

  copyTo(path: string): Promise<void> {
    return this.#file.copyTo(path)
  }

  /** From here on another data file counts. */
  switchTo(generation: number): void {
    if (generation === this.generation) return
    const before = this.#file
    this.#file = new DataFile(this.directory, fileOf(generation), this.durability, false)
    this.generation = generation
    const closing = before.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  async close(): Promise<void> {
    await this.#file.close()
    await Promise.all(this.#closing)
  }
}
