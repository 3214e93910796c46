import { CodecError } from '../errors/codec-error.js'

/** How many bytes follow a token of 0xc0 to 0xdf besides its first; negative: the length stands in that many bytes behind it. */
const FOLLOW = [
  0, 0, 0, 0, -1, -2, -4, -11, -12, -14, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, -1, -2, -4, -2, -4, -2, -4,
]

/** msgpackr's references are extensions of four bytes, of this type. */
const FIXEXT4 = 0xd6
const POINTER = 0x70

/**
 * Checks, without building anything, that no length in a MessagePack text promises more than there are bytes, so that a
 * damaged or hostile one cannot make the decoder allocate. Walks token by token: every element is at least one byte. True if
 * there are references in it.
 */
export function checkLengths(bytes: Uint8Array): boolean {
  const end = bytes.length
  const view = new DataView(bytes.buffer, bytes.byteOffset, end)
  let at = 0
  let claimed = 0
  let refers = false
  // Every element is a byte at least, and of one list only: lists within lists cannot claim the same bytes twice.
  const elements = (count: number): void => {
    claimed += fits(count, at, end)
    if (claimed > end) throw new CodecError(`the bytes are damaged: ${claimed} elements are claimed in ${end} bytes`)
  }
  while (at < end) {
    const token = bytes[at++] as number
    if (token < 0x80 || token >= 0xe0) continue
    if (token < 0xa0) {
      // fixmap, fixarray
      elements((token & 0x0f) * (token < 0x90 ? 2 : 1))
    } else if (token < 0xc0) {
      at += fits(token & 0x1f, at, end)
    } else {
      const follow = FOLLOW[token - 0xc0] as number
      if (follow >= 0) {
        if (token === FIXEXT4 && bytes[at] === POINTER) refers = true
        at += fits(follow, at, end)
        continue
      }
      const isExtension = follow < -10
      const width = isExtension ? -follow - 10 : -follow
      fits(width, at, end)
      const length = width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at) : view.getUint32(at)
      at += width
      if (token >= 0xdc) elements(token >= 0xde ? length * 2 : length)
      else at += fits(isExtension ? length + 1 : length, at, end)
    }
  }
  return refers
}

function fits(length: number, at: number, end: number): number {
  if (length > end - at) {
    throw new CodecError(
      `the bytes are damaged: at ${at} a length of ${length} is claimed, and ${end - at} bytes are left`,
    )
  }
  return length
}
