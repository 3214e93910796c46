import { optionError } from '../errors/option-error.js'

/**
 * How bytes are cut into items: text lines, chunks as they come, one JSON value a line, or frames, each its length (4
 * bytes, big-endian) and a value as MessagePack, which carries what `structuredClone` does: Map, Date, BigInt, typed arrays ….
 */
export type Format = 'lines' | 'bytes' | 'json' | 'frames'

/** Formats that carry values of any type. */
export type ValueFormat = 'json' | 'frames'

/** What each format reads. */
export interface Decoded {
  lines: string
  bytes: Buffer
  json: unknown
  frames: unknown
}

/** What each format writes. */
export interface Encodable {
  lines: string | Uint8Array
  bytes: string | Uint8Array
  json: unknown
  frames: unknown
}

export interface FormatOption<A extends Format> {
  /** `lines` by default: UTF-8, ended by a line feed; a carriage return belongs to the line. */
  as?: A
}

export function checkFormat<A extends Format>(as: A | undefined): A {
  if (as === undefined) return 'lines' as A
  if (as === 'lines' || as === 'bytes' || as === 'json' || as === 'frames') return as
  throw optionError('as', `'lines', 'bytes', 'json' or 'frames'`, as)
}
