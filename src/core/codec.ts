import type { Packr } from 'msgpackr'
import { CodecError } from '../errors/codec-error.js'
import { DeadlockError } from '../errors/deadlock-error.js'
import { ExitError } from '../errors/exit-error.js'
import { GraphError } from '../errors/graph-error.js'
import { ItemTooLargeError } from '../errors/item-too-large-error.js'
import { LeaseLostError } from '../errors/lease-lost-error.js'
import { LinkError } from '../errors/link-error.js'
import { QueueClosedError } from '../errors/queue-closed-error.js'
import { QueueEmptyError } from '../errors/queue-empty-error.js'
import { QueueExistsError } from '../errors/queue-exists-error.js'
import { QueueFullError } from '../errors/queue-full-error.js'
import { QueueLinkError } from '../errors/queue-link-error.js'
import { QueueNotFoundError } from '../errors/queue-not-found-error.js'
import { SinkOverflowError } from '../errors/sink-overflow-error.js'
import { SpillError } from '../errors/spill-error.js'
import { checkLengths } from './check-lengths.js'
import { checkSharing } from './check-sharing.js'
import { loadMsgpackr, type Msgpackr } from './load-msgpackr.js'
import { isOpaque } from './opaque.js'

/**
 * MessagePack with record definitions inline: what is packed together decodes by itself anywhere. Carries what
 * `structuredClone` does: Map, Set, Date, BigInt, typed arrays, Error with its cause, undefined, circular references (an object
 * that appears twice without a circle arrives as two, -0 as 0, a member `__proto__` as `__proto_`, and half of a surrogate pair
 * may arrive as U+FFFD). Instances of other classes arrive as plain objects, or as what their `toJSON` answers. Throws CodecError
 * for functions, symbols, promises, weak collections, and instances of which nothing can be read.
 */
export function encode(value: unknown): Buffer {
  try {
    return packers().plain.pack(value)
  } catch (error) {
    if (error instanceof RangeError) return encodeCircular(value)
    throw new CodecError(`the value cannot be encoded: ${(error as Error).message}`, { cause: error })
  }
}

/** As `encode`, with so many bytes of room in front. */
export function encodeBehind(room: number, value: unknown): Buffer {
  try {
    return packers().plain.pack(value, RESERVE_START_SPACE | room)
  } catch (error) {
    if (error instanceof RangeError) return Buffer.concat([Buffer.alloc(room), encodeCircular(value)])
    throw new CodecError(`the value cannot be encoded: ${(error as Error).message}`, { cause: error })
  }
}

/** Keeping track of references costs as much as packing, so it is done only where plain packing ran out of stack. */
function encodeCircular(value: unknown): Buffer {
  try {
    return packers().tracking.pack(value)
  } catch (error) {
    throw new CodecError(`the value cannot be encoded: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Throws CodecError, before anything is allocated, if a length in the bytes cannot be true, and for a value that is small only
 * by its references.
 */
export function decode(bytes: Uint8Array): unknown {
  const refers = checkLengths(bytes)
  try {
    if (!refers) return packers().tracking.unpack(bytes)
    const value = decodeReferences(bytes)
    checkSharing(value, bytes.length)
    return value
  } catch (error) {
    throw new CodecError(`the bytes cannot be decoded: ${(error as Error).message}`, { cause: error })
  }
}

/** Where more follows than one value, `unpack` prints what it has into its error; this does not. */
function decodeReferences(bytes: Uint8Array): unknown {
  const [value, ...rest] = packers().tracking.unpackMultiple(bytes) as unknown[]
  if (rest.length > 0) throw new CodecError('more follows the value')
  return value
}

/** As `decode`, of bytes that this package wrote and that nobody else could change: without looking through them first. */
export function decodeOwn(bytes: Buffer, start: number, end: number, packr = packers().tracking): unknown {
  part.start = start
  part.end = end
  try {
    return packr.unpack(bytes, part)
  } catch (error) {
    throw new CodecError(`the bytes cannot be decoded: ${(error as Error).message}`, { cause: error })
  }
}

const part = { start: 0, end: 0 }

/** A buffer with more around the bytes that were asked for. */
export type Packed = Buffer & { start?: number; end?: number }

/** As `encode`, into a buffer that the next call writes over, and without circular references. */
export function encodeBriefly(value: unknown, packr = packers().plain): Packed {
  try {
    return packr.pack(value, REUSE_BUFFER | RESET_BUFFER)
  } catch (error) {
    throw new CodecError(`the value cannot be encoded: ${(error as Error).message}`, { cause: error })
  }
}

/** A class whose instances cross as themselves. `type` is 1 to 99; both ends register the same. */
export interface Extension<C> {
  readonly Class: abstract new (...args: never[]) => C
  readonly type: number
  write(instance: C): unknown
  read(data: never): C
}

/** msgpackr's name for it is exported, but not typed. */
const RESERVE_START_SPACE = 2048
/** The answer is msgpackr's own buffer, with `start` and `end`, and the next call writes over it. */
const REUSE_BUFFER = 512
const RESET_BUFFER = 1024

/** 0 is msgpackr's own, for undefined. */
const REFUSED = 99

let shared: { plain: Packr; tracking: Packr } | undefined
let msgpackr: Msgpackr | undefined

export function registerExtension<C>(extension: Extension<C>): void {
  library().addExtension(extension as never)
}

function library(): Msgpackr {
  if (msgpackr) return msgpackr
  msgpackr = loadMsgpackr()
  // Asked for what is neither a plain object, nor an array, nor a Map: those of known classes come first.
  const Opaque = { [Symbol.hasInstance]: isOpaque }
  msgpackr.addExtension({ Class: Opaque, type: REFUSED, write: (value: object) => refuse(named(value)) } as never)
  msgpackr.addExtension({ Class: Map, write: (map: Map<unknown, unknown>) => new Map(map) } as never)
  for (const Class of [Promise, WeakMap, WeakSet, WeakRef]) {
    msgpackr.addExtension({ Class, type: REFUSED, write: () => refuse(`a ${Class.name}`) } as never)
  }
  msgpackr.addExtension({ Class: Error, type: 1, write: toPlainError, read: fromPlainError } as never)
  return msgpackr
}

function packers(): { plain: Packr; tracking: Packr } {
  if (shared) return shared
  shared = { plain: makePackr(false), tracking: makePackr(true) }
  return shared
}

/** `known`: the names of a record that need not be defined, and has the id 0x40. */
export function makePackr(structuredClone: boolean, sequential = false, known?: readonly string[]): Packr {
  const structures = known ? Object.assign([Object.assign([...known], { isShared: true })], { sharedLength: 1 }) : []
  const packr = new (library().Packr)({
    structures,
    maxSharedStructures: structures.length,
    useRecords: true,
    moreTypes: true,
    structuredClone,
    sequential,
    useBigIntExtension: true,
    copyBuffers: true,
  } as never)
  return Object.assign(packr, { writeFunction: () => refuse('a function') })
}

function named(value: object): string {
  return `an instance of ${value.constructor?.name || 'a class'}, whose state is private,`
}

function refuse(what: string): never {
  throw new TypeError(`${what} has no meaning in another process`)
}

interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Own members, `cause` and `errors` among them. */
  readonly own: Record<string, unknown>
}

function toPlainError(error: Error): PlainError {
  const own: Record<string, unknown> = { ...error }
  if ('cause' in error) own.cause = error.cause
  if (error instanceof AggregateError) own.errors = error.errors
  return { name: error.name, message: error.message, stack: error.stack, own }
}

const KNOWN: Record<string, { readonly prototype: Error }> = {
  ...{ EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError },
  ...{ QueueLinkError, QueueFullError, QueueEmptyError, QueueClosedError, LeaseLostError, ItemTooLargeError },
  ...{ SinkOverflowError, SpillError, CodecError, LinkError, GraphError, DeadlockError, ExitError },
  ...{ QueueExistsError, QueueNotFoundError },
}

function fromPlainError({ name, message, stack, own }: PlainError): Error {
  const error = new Error(message)
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined
  if (known) Object.setPrototypeOf(error, known.prototype)
  if (error.name !== name) hidden(error, 'name', name)
  hidden(error, 'stack', stack)
  for (const [key, value] of Object.entries(own)) {
    if (key === 'cause' || key === 'errors') hidden(error, key, value)
    else Object.assign(error, { [key]: value })
  }
  return error
}

function hidden(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false })
}
