import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { decode, encode } from '../../core/codec.js'
import { Entry } from '../../core/entry.js'
import type { ParcelPayload } from '../../core/parcel.js'
import { carryReferences, Reference } from '../../core/spill.js'
import { linkPayload } from '../../core/spill-link.js'
import { SpillError } from '../../errors/spill-error.js'
import { fateOf } from '../../os/fate.js'
import { processMark } from '../../os/process-mark.js'
import { asPathError } from './file-system.js'
import { synced } from './synced.js'

/** Whose it is stands in its name, so that what its owner's death left over can be told from what is under way. */
const NAME = /^[0-9a-f-]{36}\.(\d+)\.([\d.]*)$/
/** What may belong to another container is taken for forgotten after so many ms. */
const FORGOTTEN = 24 * 60 * 60 * 1000

/** A put that cannot wait may write what is being written, and have it read: nothing is cut short, and both write the same. */
const WRITE = constants.O_CREAT | constants.O_WRONLY

/** A file that is to be there before the item that refers to it. */
export interface Payload {
  readonly name: string
  /** Itself, or the path of another queue's file. */
  readonly source: Uint8Array | string
  isWritten: boolean
}

/** The file that a stored value stands for, if it does. */
export function payloadOf(value: unknown): string | undefined {
  return value instanceof Reference ? value.file : undefined
}

/** Payloads too large for the data file: a file each, beside it. */
export class Payloads {
  readonly #path: string

  constructor(directory: string) {
    this.#path = join(directory, 'payloads')
    carryReferences()
  }

  /** The entry with a reference in the place of its value, and the payload that this stands for. */
  spill<T>(entry: Entry<T>, encoded = encode(entry.value)): { entry: Entry<unknown>; payload: Payload } {
    const name = newName()
    const reference = new Reference(name, encoded.length, sumOf(encoded))
    const { enqueuedAt, headers, key } = entry
    const payload = { name, source: Uint8Array.from(encoded), isWritten: false }
    return { entry: new Entry<unknown>(reference, enqueuedAt, 0, 0, headers, key), payload }
  }

  /** A name of this queue's for what another one holds. */
  adopt({ path, reference: { bytes, checksum } }: ParcelPayload): { reference: Reference; payload: Payload } {
    const name = newName()
    return { reference: new Reference(name, bytes, checksum), payload: { name, source: path, isWritten: false } }
  }

  /** On disk when it resolves, names included. */
  async write(payloads: readonly Payload[]): Promise<void> {
    try {
      await mkdir(this.#path, { mode: 0o700 }).catch(unlessThere)
      await Promise.all(payloads.map(payload => this.#writeOne(payload)))
      await synced(this.#path)
    } catch (error) {
      throw asPathError(this.#path, error)
    }
    for (const payload of payloads) payload.isWritten = true
  }

  writeNow(payloads: readonly Payload[]): void {
    try {
      this.#makeNow()
      for (const payload of payloads) this.#writeOneNow(payload)
      syncedNow(this.#path, 'r', () => {})
    } catch (error) {
      throw asPathError(this.#path, error)
    }
    for (const payload of payloads) payload.isWritten = true
  }

  /** SpillError if the file lies elsewhere, is gone, or is not what was written. */
  read(reference: Reference): unknown {
    const path = this.pathOf(reference)
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch (cause) {
      throw new SpillError(`a spilled payload is gone: ${(cause as Error).message}`, { cause })
    }
    if (bytes.length !== reference.bytes || sumOf(bytes) !== reference.checksum) {
      throw new SpillError(`the spilled payload ${reference.file} is not what was written`)
    }
    return decode(bytes)
  }

  /** SpillError for a reference that leads elsewhere. */
  pathOf({ file }: Reference): string {
    if (NAME.test(file)) return join(this.#path, file)
    throw new SpillError(`a reference points outside the queue: ${JSON.stringify(file)}`)
  }

  /** Nobody refers to it any more. What cannot be removed now is swept later. */
  drop(names: readonly string[]): void {
    for (const name of names) if (NAME.test(name)) void rm(join(this.#path, name), { force: true }).catch(() => {})
  }

  /** Removes what the dead wrote and no item refers to. `isReferred` is asked only of those whose writers store nothing more. */
  sweep(isReferred: (name: string) => boolean): void {
    const left = this.#names().filter(name => {
      const [, pid, mark = ''] = NAME.exec(name) ?? []
      if (!pid) return false
      const fate = fateOf(Number(pid), mark)
      return fate === 'dead' || (fate === 'unknown' && isForgotten(join(this.#path, name)))
    })
    for (const name of left) if (!isReferred(name)) rmSync(join(this.#path, name), { force: true })
  }

  #names(): string[] {
    try {
      return readdirSync(this.#path)
    } catch {
      return []
    }
  }

  #makeNow(): void {
    try {
      mkdirSync(this.#path, { mode: 0o700 })
    } catch (error) {
      unlessThere(error as NodeJS.ErrnoException)
    }
  }

  #writeOneNow({ name, source }: Payload): void {
    const path = join(this.#path, name)
    if (typeof source !== 'string') syncedNow(path, WRITE, fd => writeAll(fd, source))
    else {
      linkAnew(source, path)
      syncedNow(path, 'r', () => {})
    }
  }

  async #writeOne({ name, source, isWritten }: Payload): Promise<void> {
    if (isWritten) return
    const path = join(this.#path, name)
    if (typeof source === 'string') linkAnew(source, path)
    const file = await open(path, typeof source === 'string' ? 'r' : WRITE, 0o600)
    try {
      if (typeof source !== 'string') await file.writeFile(source)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

function newName(): string {
  return `${randomUUID()}.${process.pid}.${processMark()}`
}

/** Also where an attempt before this one came half the way. */
function linkAnew(from: string, to: string): void {
  rmSync(to, { force: true })
  linkPayload(from, to)
}

function syncedNow(path: string, flags: string | number, use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600)
  try {
    use(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Never recursive: the directory of a queue that was removed stays removed. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

function isForgotten(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && Date.now() - found.mtimeMs > FORGOTTEN
}
