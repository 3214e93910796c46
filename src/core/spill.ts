import { createHash, randomUUID } from 'node:crypto'
import { open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { dir } from 'tmp-promise'
import { SpillError } from '../errors/spill-error.js'
import { registerExtension } from './codec.js'

/** Encoded bytes above which a payload spills. */
export const ITEM_SIZE = 64 * 1024

/** What travels in place of a spilled payload. */
export class Reference {
  constructor(
    /** A name in the spill directory that both ends know; never a path. */
    readonly file: string,
    readonly bytes: number,
    readonly checksum: string,
  ) {}
}

const PREFIX = 'queuelink-spill'
let registered = false
const NAME = /^[0-9a-f-]{36}$/

/**
 * A directory, open to its owner alone, for payloads too large for a pipe. Each is written once and removed by whoever
 * reads it; what nobody read goes with the directory.
 */
export class SpillDirectory {
  readonly path: string
  readonly #remove: () => Promise<void>

  /** @param path a directory that the other end made; it is that end's to remove. */
  constructor(path: string, remove: () => Promise<void> = async () => {}) {
    this.path = path
    this.#remove = remove
    if (registered) return
    registered = true
    registerExtension<Reference>({
      Class: Reference,
      type: 2,
      write: ({ file, bytes, checksum }) => [file, bytes, checksum],
      read: ([file, bytes, checksum]: [string, number, string]) => new Reference(file, bytes, checksum),
    })
  }

  static async make(): Promise<SpillDirectory> {
    try {
      await sweep()
      const { path } = await dir({ prefix: PREFIX, mode: 0o700, unsafeCleanup: true })
      return new SpillDirectory(path, () => rm(path, { recursive: true, force: true }))
    } catch (cause) {
      throw new SpillError('no temporary directory can be made for spilled payloads; check TMPDIR and its free space', {
        cause,
      })
    }
  }

  async write(payload: Uint8Array): Promise<Reference> {
    const reference = new Reference(randomUUID(), payload.length, sumOf(payload))
    try {
      const file = await open(this.#pathOf(reference), 'wx', 0o600)
      try {
        await file.writeFile(payload)
      } finally {
        await file.close()
      }
      return reference
    } catch (cause) {
      await this.drop(reference)
      const size = `${payload.length} bytes`
      throw new SpillError(`a payload of ${size} cannot be spilled to ${this.path}: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  /** Answers the payload and removes its file. SpillError if it lies elsewhere, is gone, or is not what was written. */
  async read(reference: Reference): Promise<Buffer> {
    const path = this.#pathOf(reference)
    let payload: Buffer
    try {
      payload = await readFile(path)
    } catch (cause) {
      throw new SpillError(`a spilled payload is gone: ${(cause as Error).message}`, { cause })
    }
    await this.drop(reference)
    if (payload.length !== reference.bytes || sumOf(payload) !== reference.checksum) {
      throw new SpillError(`the spilled payload ${reference.file} is not what was written`)
    }
    return payload
  }

  /** Removes a payload that nobody will read. */
  async drop(reference: Reference): Promise<void> {
    await rm(this.#pathOf(reference), { force: true }).catch(() => {})
  }

  remove(): Promise<void> {
    return this.#remove()
  }

  #pathOf({ file }: Reference): string {
    if (!NAME.test(file))
      throw new SpillError(`a reference points outside the spill directory: ${JSON.stringify(file)}`)
    return join(this.path, file)
  }
}

function sumOf(payload: Uint8Array): string {
  return createHash('sha256').update(payload).digest('base64')
}

/** Removes the directories of processes that were killed. Their names carry the process id. */
async function sweep(): Promise<void> {
  const names = await readdir(tmpdir())
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (pid && isDead(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
