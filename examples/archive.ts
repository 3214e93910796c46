import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import type { Found, Packed, Unreadable } from './steps.js'

/** A line of the index: where a file is in the archive. */
export interface Entry extends Found {
  readonly sha256: string
  readonly offset: number
  readonly length: number
  /** The file with the same content that came first. */
  readonly copyOf?: string
}

/** Every distinct content once, compressed, one behind the other: `gunzip` reads it whole, and each piece for itself. */
export class Archive {
  readonly #file: FileHandle
  readonly #entries = new Map<string, Entry>()
  bytes = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async create(path: string): Promise<Archive> {
    return new Archive(await open(path, 'w+'))
  }

  /** Call for one file at a time. */
  async store(file: Packed | Unreadable): Promise<Entry | Unreadable> {
    if ('error' in file) return file
    const { path, bytes, sha256, content } = file
    const known = this.#entries.get(sha256)
    if (known) return { ...known, path, copyOf: known.path }
    const entry = { path, bytes, sha256, offset: this.bytes, length: content.length }
    await this.#file.write(content, 0, content.length, entry.offset)
    this.#entries.set(sha256, entry)
    this.bytes += content.length
    return entry
  }

  /** Reads a file back; true if it is what was stored. */
  async check({ sha256, offset, length }: Entry): Promise<boolean> {
    const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, offset)
    return createHash('sha256').update(gunzipSync(buffer)).digest('hex') === sha256
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
