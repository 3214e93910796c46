import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SpillError } from '../errors/spill-error.js'
import { type Fate, fateOf } from '../os/fate.js'
import { processMark } from '../os/process-mark.js'
import { crypto } from '../util/crypto.js'
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
const DIRECTORY = new RegExp(`^${PREFIX}-(\\d+)-[^-]+-?(.*)$`)
/** What may belong to another container is taken for forgotten after so many ms. */
const FORGOTTEN = 24 * 60 * 60 * 1000
let registered = false
const NAME = /^[0-9a-f-]{36}$/

/** From now on, references can be encoded and decoded. */
export function carryReferences(): void {
  if (registered) return
  registered = true
  registerExtension<Reference>({
    Class: Reference,
    type: 2,
    write: ({ file, bytes, checksum }) => [file, bytes, checksum],
    read: ([file, bytes, checksum]: [string, number, string]) => new Reference(file, bytes, checksum),
  })
}

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
    carryReferences()
  }

  static async make(): Promise<SpillDirectory> {
    try {
      // Only who makes one needs it; a link's child starts the sooner.
      const { dirSync } = await import('tmp-promise')
      // Within the call: a child that is ready waits for it, and the threads for files may be busy with anything.
      const { name: path } = dirSync({ prefix: PREFIX, postfix: processMark(), mode: 0o700 })
      return new SpillDirectory(path, () => rm(path, { recursive: true, force: true }))
    } catch (cause) {
      throw new SpillError('no temporary directory can be made for spilled payloads; check TMPDIR and its free space', {
        cause,
      })
    } finally {
      // Nobody waits for it.
      void sweep().catch(() => {})
    }
  }

  /** Loads what makes one, for those who will be in a hurry. */
  static async prepare(): Promise<void> {
    await import('tmp-promise')
  }

  async write(payload: Uint8Array): Promise<Reference> {
    const reference = new Reference(crypto().randomUUID(), payload.length, sumOf(payload))
    try {
      const file = await this.#create(this.#pathOf(reference))
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

  /** Removes everything that nobody will read. */
  async clear(): Promise<void> {
    const names = await readdir(this.path).catch(() => [])
    await Promise.all(names.map(name => rm(join(this.path, name), { force: true }).catch(() => {})))
  }

  remove(): Promise<void> {
    return this.#remove()
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx', 0o600)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      // Who cleans up temporary directories takes one for forgotten that was not used for long.
      await mkdir(this.path, { mode: 0o700, recursive: true })
      return open(path, 'wx', 0o600)
    }
  }

  #pathOf({ file }: Reference): string {
    if (!NAME.test(file))
      throw new SpillError(`a reference points outside the spill directory: ${JSON.stringify(file)}`)
    return join(this.path, file)
  }
}

export function sumOf(payload: Uint8Array): string {
  return crypto().createHash('sha256').update(payload).digest('base64')
}

/** Removes the directories of processes that were killed. Their names tell whose they are. */
async function sweep(): Promise<void> {
  const names = await readdir(tmpdir())
  for (const name of names) {
    const [, pid, mark = ''] = DIRECTORY.exec(name) ?? []
    if (!pid) continue
    const path = join(tmpdir(), name)
    if (await isLeft(path, fateOf(Number(pid), mark))) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

async function isLeft(path: string, owner: Fate): Promise<boolean> {
  if (owner !== 'unknown') return owner === 'dead'
  const used = await stat(path).catch(() => undefined)
  return used !== undefined && Date.now() - used.mtimeMs > FORGOTTEN
}
