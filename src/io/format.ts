import { optionError } from '../errors/option-error.js'

/** How bytes are cut into items: text lines, chunks as they come, or one JSON value a line. */
export type Format = 'lines' | 'bytes' | 'json'

/** What each format reads. */
export interface Decoded {
  lines: string
  bytes: Buffer
  json: unknown
}

/** What each format writes. */
export interface Encodable {
  lines: string | Uint8Array
  bytes: string | Uint8Array
  json: unknown
}

export interface FormatOption<A extends Format> {
  /** `lines` by default: UTF-8, ended by a line feed; a carriage return belongs to the line. */
  as?: A
}

export function checkFormat<A extends Format>(as: A | undefined): A {
  if (as === undefined) return 'lines' as A
  if (as === 'lines' || as === 'bytes' || as === 'json') return as
  throw optionError('as', `'lines', 'bytes' or 'json'`, as)
}
