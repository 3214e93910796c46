import { type FSWatcher, stat, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Feed } from '../core/feed.js'
import { clock } from '../util/clock.js'
import { FollowedFile, identityOf } from './followed-file.js'
import type { Format } from './format.js'
import { decoderFor } from './framing.js'
import { fileError } from './io-error.js'
import { Pump } from './pump.js'
import { RenewedDecoder } from './renewed-decoder.js'

/** Milliseconds between two looks at the path and the file, whatever the watcher says: it loses events. */
const POLL = 200
/** Milliseconds without anything new in a file whose name another has, until it is left: its writer may not know yet. */
const LINGER = 200
/** Files that are open, the one that is read and newer ones that wait; beyond that, rotations go unnoticed. */
const MOST_OPEN = 64
/** A file may be made before its permissions are set: looks in a row that fail before it is given up. */
const PATIENCE = 10
const CHUNK = 256 * 1024

/**
 * Reads a file, and then what is appended to it and to those that take over its name. Two things go on side by side: the
 * path is looked at and newer files are opened at once, so that no rotation is missed while the reader is slow; and the
 * oldest open file is read until it is over.
 */
export class FileFollower {
  readonly #path: string
  readonly #as: Format
  readonly #feed: Feed<unknown>
  readonly #pump: Pump<unknown>
  readonly #decoder: RenewedDecoder<unknown>
  /** The oldest first: that one is read. */
  readonly #files: FollowedFile[] = []
  #start: number
  #newest = ''
  #firstLook = true
  #buffer: Buffer | undefined
  /** The pump waits for input. */
  #hungry = false
  #reading = false
  #readAgain = false
  #looking = false
  #lookAgain = false
  #failures = 0
  /** When something new was last read, or the file that is read lost its name to another. */
  #lastNews = 0
  #stopped = false
  #watcher: FSWatcher | undefined
  #cancelPoll = (): void => {}

  constructor(path: string, as: Format, start: number, feed: Feed<unknown>) {
    this.#path = path
    this.#as = as
    this.#feed = feed
    this.#start = start
    this.#decoder = new RenewedDecoder(decoderFor(as, start), () => decoderFor(as))
    this.#pump = new Pump(feed, this.#decoder, () => {
      this.#hungry = true
      this.#read()
    })
    this.#pump.start()
    this.#poll()
  }

  /** Reads no more, and closes all files. */
  stop(): void {
    this.#pump.stop()
    this.#letGo()
  }

  abort(reason: unknown): void {
    this.#pump.abort(reason)
    this.stop()
  }

  #poll(): void {
    this.#look()
    this.#cancelPoll = clock.after(POLL, () => this.#poll())
  }

  /** Whose name is the path now? */
  #look(): void {
    if (this.#looking) {
      this.#lookAgain = true
      return
    }
    this.#looking = true
    this.#lookAgain = false
    stat(this.#path, { bigint: true }, (error, stats) => {
      if (this.#stopped) return
      if (error) this.#missing(error)
      else if (identityOf(stats) === this.#newest || this.#files.length >= MOST_OPEN) this.#looked()
      else
        FollowedFile.open(this.#path, this.#start, (error, file) => (file ? this.#found(file) : this.#missing(error)))
    })
  }

  #found(file: FollowedFile): void {
    if (this.#stopped || file.identity === this.#newest) file.close()
    else {
      this.#feed.resumable = this.#newest === ''
      this.#newest = file.identity
      this.#lastNews = performance.now()
      this.#files.push(file)
      this.#watch()
    }
    this.#looked()
  }

  /** It may be there soon: made for the first time, or between a rename and the making of the next file. */
  #missing(error: unknown): void {
    if (this.#stopped) return
    const waits = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!waits && (this.#firstLook || this.#failures++ === PATIENCE)) this.#fail(error)
    else this.#looked(waits ? 0 : this.#failures)
  }

  #looked(failures = 0): void {
    if (this.#stopped) return
    this.#failures = failures
    this.#looking = false
    this.#firstLook = false
    // A place to begin at is a place in the file that was there at first.
    this.#start = 0
    if (this.#lookAgain) this.#look()
    this.#read()
  }

  #read(): void {
    const file = this.#files[0]
    if (!file || !this.#hungry) return
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    this.#reading = true
    this.#readAgain = false
    this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK)
    const isLast = this.#files.length > 2 || (this.#files.length > 1 && performance.now() - this.#lastNews > LINGER)
    file.read(this.#buffer, (error, fresh) => {
      this.#reading = false
      if (this.#stopped) return
      if (error) this.#fail(error)
      else if (!fresh) this.#beginAgain()
      else if (fresh.length > 0) this.#pass(fresh)
      else if (isLast) this.#leave(file)
      else if (this.#readAgain) this.#read()
    })
  }

  #pass(fresh: Buffer): void {
    this.#lastNews = performance.now()
    this.#hungry = false
    // Chunks are the buffer; everything else is copied out of it.
    if (this.#as === 'bytes') this.#buffer = undefined
    this.#pump.write(fresh)
  }

  /** The end of a line that was read in part is gone with the rest of the old content. */
  #beginAgain(): void {
    this.#feed.resumable = false
    this.#decoder.renew()
    this.#read()
  }

  #leave(file: FollowedFile): void {
    file.close()
    this.#files.shift()
    this.#feed.resumable = false
    this.#hungry = false
    this.#pump.flush()
  }

  /** A hint, no more: it comes sooner than the next look. */
  #watch(): void {
    if (this.#watcher) return
    const name = basename(this.#path)
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (event, about) => {
        if (about !== null && about !== name) return
        if (event === 'rename') this.#look()
        else this.#read()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // None left to be had: looking every now and then is enough.
    }
  }

  #fail(error: unknown): void {
    this.#letGo()
    this.#pump.end(fileError('follow', this.#path, error))
  }

  #letGo(): void {
    this.#stopped = true
    this.#cancelPoll()
    this.#watcher?.close()
    for (const file of this.#files.splice(0)) file.close()
  }
}
