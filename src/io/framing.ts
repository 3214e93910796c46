import { ChunkDecoder } from './chunk-decoder.js'
import type { Decoder } from './decoder.js'
import { encodeChunk, encodeJson, encodeLine } from './encode-text.js'
import type { Decoded, Encodable, Format } from './format.js'
import { FrameDecoder } from './frame-decoder.js'
import { encodeFrame } from './frames.js'
import { JsonDecoder } from './json-decoder.js'
import { LineDecoder } from './line-decoder.js'

/** Encodes one value, without its separator. Throws CodecError for what the format cannot carry. */
export type Encode<T> = (value: T) => string | Uint8Array

const ENCODE: { [A in Format]: Encode<Encodable[A]> } = {
  lines: encodeLine,
  bytes: encodeChunk,
  json: encodeJson,
  frames: encodeFrame,
}

/** `offset`: where the input begins in its file, for what errors say. */
export function decoderFor<A extends Format>(as: A, offset?: number): Decoder<Decoded[A]>
export function decoderFor(as: Format, offset = 0): Decoder<unknown> {
  if (as === 'lines') return new LineDecoder()
  if (as === 'bytes') return new ChunkDecoder()
  return as === 'json' ? new JsonDecoder(offset) : new FrameDecoder(offset)
}

export function encoderFor<A extends Format>(as: A): Encode<Encodable[A]> {
  return ENCODE[as]
}

/** What stands behind each value of a format. */
export function separatorOf(as: Format): string {
  return as === 'lines' || as === 'json' ? '\n' : ''
}
