import { encode } from '../core/codec.js'
import { CodecError } from '../errors/codec-error.js'

// A frame:   ┌ 4 bytes ┬ length bytes ┐
//            │ length  │ MessagePack  │   the length is big-endian and does not count itself
//            └─────────┴──────────────┘

/** Bytes of a frame's head, its length. */
export const HEAD = 4

/** The largest length; whatever claims more is damaged, or no frame. 256 MiB. */
export const MAX_LENGTH: number = 256 * 1024 * 1024

export function encodeFrame(value: unknown): Uint8Array {
  const body = encode(value)
  if (body.length > MAX_LENGTH) {
    throw new CodecError(`a frame holds up to ${MAX_LENGTH} bytes, and this value takes ${body.length}; split it`)
  }
  const frame = Buffer.allocUnsafe(HEAD + body.length)
  frame.writeUInt32BE(body.length)
  body.copy(frame, HEAD)
  return frame
}

/** Throws CodecError for a length that no frame has. `at`: where the frame begins in its input. */
export function checkLength(length: number, at: number): number {
  if (length <= MAX_LENGTH) return length
  const claim = `the frame at byte ${at} claims ${length} bytes, and ${MAX_LENGTH} is the most`
  throw new CodecError(`${claim}; the input is damaged, is not frames, or does not begin at a frame`)
}
