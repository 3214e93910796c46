import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SpillError } from '../errors/spill-error.js'
import { crypto } from '../util/crypto.js'
import { carryReferences, Reference, sumOf } from './spill.js'
import { linkPayload } from './spill-link.js'

/** What no item leads to may have been written just now, for an item that is to come. Also how often this is looked at. */
const FORGOTTEN = 60 * 60 * 1000
const NAME = /^[0-9a-f-]{36}$/

/**
 * Payloads too large for the memory of a queue, beside it, in a directory that all of its users reach: each is written
 * before its item is stored, and removed when the item has left the queue. Works within the call, as the queue does.
 */
export class SpillFolder {
  readonly path: string
  #swept = Number.NEGATIVE_INFINITY

  constructor(path: string) {
    this.path = path
    carryReferences()
  }

  /** Another name for a payload that another queue holds. */
  rename({ bytes, checksum }: Reference): Reference {
    return new Reference(crypto().randomUUID(), bytes, checksum)
  }

  /** Names a payload that `write` is to store. */
  refer(payload: Uint8Array): Reference {
    return new Reference(crypto().randomUUID(), payload.length, sumOf(payload))
  }

  /** `payload`: itself, or the path of a file that holds it and gets a second name. */
  write(reference: Reference, payload: Uint8Array | string): void {
    const path = this.pathOf(reference)
    try {
      mkdirSync(this.path, { mode: 0o700, recursive: true })
      if (typeof payload === 'string') linkPayload(payload, path)
      else writeFileSync(path, payload, { flag: 'wx', mode: 0o600 })
    } catch (cause) {
      this.drop(reference)
      const size = `${reference.bytes} bytes`
      throw new SpillError(`a payload of ${size} cannot be spilled to ${this.path}: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  /** SpillError if the payload is gone, or is not what was written. It stays where it is. */
  read(reference: Reference): Buffer {
    const path = this.pathOf(reference)
    let payload: Buffer
    try {
      payload = readFileSync(path)
    } catch (cause) {
      throw new SpillError(`a spilled payload is gone: ${(cause as Error).message}`, { cause })
    }
    if (payload.length !== reference.bytes || sumOf(payload) !== reference.checksum) {
      throw new SpillError(`the spilled payload ${reference.file} is not what was written`)
    }
    return payload
  }

  /** Removes a payload that nobody will read; what cannot be removed is left to the sweep. */
  drop(reference: Reference): void {
    const path = this.pathOf(reference)
    try {
      rmSync(path, { force: true })
    } catch {}
  }

  /** Of a queue that holds nothing: removes what the dead left behind, whether they had not come to put it or not to drop it. */
  sweep(): void {
    const now = Date.now()
    if (now - this.#swept < FORGOTTEN) return
    this.#swept = now
    let names: string[]
    try {
      names = readdirSync(this.path)
    } catch {
      return
    }
    for (const name of names) {
      const path = join(this.path, name)
      const found = statSync(path, { throwIfNoEntry: false })
      // Of a payload that was passed on by a hard link, the time of the link counts.
      if (found && now - found.ctimeMs > FORGOTTEN) rmSync(path, { force: true })
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  /** SpillError for a reference that leads elsewhere. */
  pathOf({ file }: Reference): string {
    if (!NAME.test(file))
      throw new SpillError(`a reference points outside the spill directory: ${JSON.stringify(file)}`)
    return join(this.path, file)
  }
}
