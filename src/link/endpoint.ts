import { resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { fileURLToPath } from 'node:url'
import { type InteropObservable, isObservable, Observable, type Observer, type Subscribable } from 'rxjs'
import { Queue } from '../core/queue.js'
import type { Sink } from '../core/sink.js'
import { LinkError } from '../errors/link-error.js'
import type { QueueLinkError } from '../errors/queue-link-error.js'
import { checkReadable, checkWritable } from '../io/check-path.js'
import { fileIdentity } from '../io/file-identity.js'
import { checkFormat, type Format } from '../io/format.js'
import { fromIterable } from '../io/from-iterable.js'
import { fromReadable } from '../io/from-readable.js'
import { isGzipPath } from '../io/gzip-path.js'
import { toWritable } from '../io/to-writable.js'
import { type OpenDestination, openDestination } from './open-destination.js'
import { openFileDestination, openFileSource } from './open-file.js'
import { type OpenSource, openSource } from './open-source.js'
import { portableQueue, portableSource } from './portable-queue.js'
import type { FileEndpoint, QueueEndpoint } from './protocol.js'

/** A file and how it is read or written. A bare path means the same, with the format that its extension tells. */
export interface LinkFile {
  path: string | URL
  /** `json` for .json, .jsonl and .ndjson, also before .gz, else `lines`. */
  as?: Format
  /** Destinations: keeps what the file holds, and writes after it. */
  append?: boolean
}

/**
 * What a link reads: a queue, a stream of Node or of the web, a file by its path or URL, any Observable, also of another
 * library, or anything that can be iterated asynchronously. An emitter is read by `fromEvent(emitter, name)` of rxjs.
 */
export type SourceEndpoint<T> =
  | string
  | URL
  | LinkFile
  | Readable
  | ReadableStream
  | Observable<T>
  | InteropObservable<T>
  | AsyncIterable<T>

/** What a link writes: a queue, a stream of Node or of the web, a file by its path or URL, or any Observer. */
export type DestinationEndpoint<T> =
  | string
  | URL
  | LinkFile
  | Writable
  | WritableStream
  | Partial<Observer<T>>
  | Sink<T>

/** One end of a link, not opened yet. */
export interface Endpoint<Opened> {
  readonly name: string
  /** The same for two endpoints that are one and the same thing. */
  readonly identity: unknown
  /** How another process opens it; both are absent where only this one can. */
  readonly file?: FileEndpoint
  readonly queue?: QueueEndpoint
  /** Throws, before anything is opened, if opening is bound to fail. */
  check(): void
  open(): Opened
}

/** Throws LinkError ERR_LINK_ENDPOINT for anything that cannot be read. */
export function sourceEndpoint(source: unknown): Endpoint<OpenSource> {
  if (isFile(source)) {
    const file = fileEndpoint(source)
    return {
      name: file.file,
      identity: fileIdentity(file.file),
      ...portable(file),
      check: () => asLinkError(() => checkReadable(file.file)),
      open: () => openFileSource(file),
    }
  }
  const own = { identity: source, check: () => {}, ...portableSource(source) }
  if (source instanceof Readable || source instanceof ReadableStream) {
    return { ...own, name: 'stream', open: () => openSource(fromReadable(source)) }
  }
  if (isObservable(source)) return { ...own, name: nameOf(source), open: () => openSource(source) }
  const foreign = foreignObservable(source)
  if (foreign) return { ...own, name: 'observable', open: () => openSource(foreign) }
  if (isAsyncIterable(source)) return { ...own, name: 'iterable', open: () => openSource(fromIterable(source)) }
  throw unsupported('source', source, 'a queue, a path, a stream, an Observable or an async iterable')
}

/** Throws LinkError ERR_LINK_ENDPOINT for anything that cannot be written. */
export function destinationEndpoint(destination: unknown, closeOnComplete: boolean): Endpoint<OpenDestination> {
  if (isFile(destination)) {
    const file = fileEndpoint(destination)
    return {
      name: file.file,
      identity: fileIdentity(file.file),
      ...portable(file),
      check: () => asLinkError(() => checkWritable(file.file)),
      open: () => openFileDestination(file),
    }
  }
  const own = { identity: destination, check: () => {}, ...portableQueue(destination, closeOnComplete) }
  if (destination instanceof Writable || destination instanceof WritableStream) {
    return {
      ...own,
      name: 'stream',
      open: () => openDestination(toWritable(destination) as Sink<unknown>, closeOnComplete),
    }
  }
  if (typeof (destination as Observer<unknown> | undefined)?.next === 'function') {
    const observer = destination as Observer<unknown>
    return { ...own, name: nameOf(observer), open: () => openDestination(observer, closeOnComplete) }
  }
  throw unsupported('destination', destination, 'a queue, a path, a stream or an Observer')
}

/** A compressed file cannot be gone on with where a child died; this process opens it, and keeps it open. */
function portable(file: FileEndpoint): { file?: FileEndpoint } {
  return isGzipPath(file.file) ? {} : { file }
}

/** Observables of other libraries give themselves by a name that they agreed on. */
function foreignObservable(source: unknown): Observable<unknown> | undefined {
  type Give = () => Subscribable<unknown>
  const foreign = source as { [Symbol.observable]?: Give; '@@observable'?: Give } | undefined | null
  const give = foreign?.[Symbol.observable] ?? foreign?.['@@observable']
  if (typeof give !== 'function') return undefined
  return new Observable(subscriber => give.call(source).subscribe(subscriber))
}

function isAsyncIterable(source: unknown): source is AsyncIterable<unknown> {
  return typeof (source as Partial<AsyncIterable<unknown>> | undefined)?.[Symbol.asyncIterator] === 'function'
}

/** A path, or a file with its options. */
export function isFile(endpoint: unknown): endpoint is string | URL | LinkFile {
  if (typeof endpoint !== 'object' || endpoint === null) return typeof endpoint === 'string'
  if (endpoint instanceof URL) return true
  return Object.getPrototypeOf(endpoint) === Object.prototype && 'path' in endpoint && !('next' in endpoint)
}

function fileEndpoint(from: string | URL | LinkFile): FileEndpoint {
  const { path: at, as, append = false } = typeof from === 'string' || from instanceof URL ? { path: from } : from
  if (!(at instanceof URL) && typeof at !== 'string') throw unsupported('path', at, 'a path or a file: URL')
  if (at === '') throw unsupported('endpoint', at, 'a path that is not empty')
  // Absolute, wherever the parent or the child goes.
  const file = resolve(at instanceof URL || at.startsWith('file:') ? pathOf(at) : at)
  const byName = /\.(nd)?json(l)?(\.gz)?$/.test(file) ? 'json' : 'lines'
  return { file, as: as === undefined ? byName : checkFormat(as), ...(append ? { append } : {}) }
}

function pathOf(url: string | URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw unsupported('endpoint', url, 'a path or a file: URL')
  }
}

function asLinkError(check: () => void): void {
  try {
    check()
  } catch (error) {
    const { message, code, cause } = error as QueueLinkError
    throw new LinkError(message, code, { cause })
  }
}

function nameOf(endpoint: object): string {
  return endpoint instanceof Queue ? endpoint.name : (endpoint.constructor?.name ?? 'observer').toLowerCase()
}

function unsupported(role: string, came: unknown, expected: string): LinkError {
  const shown =
    typeof came === 'object' && came !== null ? (came.constructor?.name ?? 'object') : String(came).slice(0, 80)
  return new LinkError(`a link's ${role} must be ${expected}; ${shown} (${typeof came}) came`, 'ERR_LINK_ENDPOINT')
}
