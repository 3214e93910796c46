import { ftruncate, read } from 'node:fs'
import { CodecError } from '../errors/codec-error.js'
import { checkLength, HEAD } from './frames.js'

const BLOCK = 64 * 1024

/**
 * Cuts an open file after its last whole frame, looking from `from`, where a frame begins: only the lengths are read. What
 * a power loss can leave as zeros is cut as well; a length that no frame has is a CodecError, and nothing is cut then.
 */
export function cutAfterLastFrame(fd: number, size: number, from: number, done: (error: Error | null) => void): void {
  const block = Buffer.allocUnsafe(BLOCK)
  const cut = (at: number): void => (at === size ? done(null) : ftruncate(fd, at, done))
  const look = (from: number): void => {
    if (from + HEAD > size) {
      cut(from)
      return
    }
    read(fd, block, 0, BLOCK, from, (error, bytes) => {
      if (error) {
        done(error)
        return
      }
      let at = from
      try {
        while (at - from + HEAD <= bytes) {
          const length = checkLength(block.readUInt32BE(at - from), at)
          if (length === 0) {
            areZeros(fd, at, block, error => (error ? done(error) : cut(at)))
            return
          }
          if (at + HEAD + length > size) {
            cut(at)
            return
          }
          at += HEAD + length
        }
      } catch (error) {
        done(error as Error)
        return
      }
      // A file that others shorten meanwhile is read no further.
      if (bytes < HEAD) cut(from)
      else look(at)
    })
  }
  look(from <= size ? from : 0)
}

/** No value is empty: a length of 0 is no frame, and only zeros to the end of the file are no data either. */
function areZeros(fd: number, from: number, block: Buffer, done: (error: Error | null) => void): void {
  const look = (at: number): void => {
    read(fd, block, 0, block.length, at, (error, bytes) => {
      if (error || bytes === 0) done(error)
      else if (block.subarray(0, bytes).some(byte => byte !== 0)) {
        done(new CodecError(`the frame at byte ${from} claims 0 bytes; the file is damaged, or is not frames`))
      } else look(at + bytes)
    })
  }
  look(from)
}
