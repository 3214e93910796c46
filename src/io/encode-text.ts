import { CodecError } from '../errors/codec-error.js'

const LF = 10

export function encodeLine(value: string | Uint8Array): string | Uint8Array {
  const encoded = encodeChunk(value)
  const broken = typeof encoded === 'string' ? encoded.includes('\n') : encoded.includes(LF)
  if (broken) throw new CodecError(`a line must not contain a line feed; split it, or write it as 'json'`)
  return encoded
}

export function encodeChunk(value: string | Uint8Array): string | Uint8Array {
  if (typeof value === 'string') {
    if (wellFormed(value)) return value
    throw new CodecError('a string with half of a surrogate pair has no UTF-8; use toWellFormed(), or write bytes')
  }
  // A copy: what the producer does with its bytes from here on must not change what is written.
  if (value instanceof Uint8Array) return Buffer.from(value)
  throw new CodecError(`text or a Uint8Array can be written, but ${typeOf(value)} came; write other values as 'json'`)
}

export function encodeJson(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new CodecError(`JSON cannot carry this value: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  if (text === undefined) throw new CodecError(`JSON cannot carry ${typeOf(value)}; send null or an object instead`)
  return text
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** In Node from version 20 on; not yet in the library that this is compiled against. */
function wellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
