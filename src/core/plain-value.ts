/** Longer texts are for native code. */
const LONGEST = 63
/** What anything but a text takes at most. */
const MOST = 16

const float = new Float64Array(1)
const floatBytes = new Uint8Array(float.buffer)
float[0] = -1
/** The sign comes first where the highest byte does. */
const isBigEndian = floatBytes[0] === 0xbf

/**
 * Writes as MessagePack what most members of items are: a number, a short plain text, true, false, null, undefined, or a short list of
 * these. Answers where it ends; -1: it is something else, or there is not room enough to be certain.
 */
export function writePlain(value: unknown, target: Uint8Array, at: number): number {
  if (at + MOST > target.length) return -1
  if (typeof value === 'number') return writeNumber(value, target, at)
  if (typeof value === 'string') return writeText(value, target, at)
  if (typeof value === 'boolean') {
    target[at] = value ? 0xc3 : 0xc2
    return at + 1
  }
  if (value === null) {
    target[at] = 0xc0
    return at + 1
  }
  if (value === undefined) {
    target[at] = 0xd4
    target[at + 1] = 0
    target[at + 2] = 0
    return at + 3
  }
  return Array.isArray(value) ? writeList(value, target, at) : -1
}

function writeList(values: readonly unknown[], target: Uint8Array, at: number): number {
  const { length } = values
  if (length > 15) return -1
  target[at++] = 0x90 | length
  for (let index = 0; index < length; index++) {
    const value = values[index]
    // Lists in lists may be circles.
    if (typeof value === 'object' && value !== null) return -1
    at = writePlain(value, target, at)
    if (at < 0) return -1
  }
  return at
}

function writeText(text: string, target: Uint8Array, at: number): number {
  const { length } = text
  if (length > LONGEST || at + length + 2 > target.length) return -1
  if (length < 0x20) target[at++] = 0xa0 | length
  else {
    target[at++] = 0xd9
    target[at++] = length
  }
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return -1
    target[at++] = code
  }
  return at
}

function writeNumber(value: number, target: Uint8Array, at: number): number {
  if ((value | 0) !== value) return writeFloat(value, target, at)
  // 0x40 to 0x7f stand for records.
  if (value >= 0 ? value < 0x40 : value >= -0x20) {
    target[at] = value
    return at + 1
  }
  if (value >= 0 && value < 0x100) {
    target[at] = 0xcc
    target[at + 1] = value
    return at + 2
  }
  if (value >= 0 && value < 0x10000) {
    target[at] = 0xcd
    target[at + 1] = value >> 8
    target[at + 2] = value
    return at + 3
  }
  target[at] = 0xd2
  target[at + 1] = value >> 24
  target[at + 2] = value >> 16
  target[at + 3] = value >> 8
  target[at + 4] = value
  return at + 5
}

function writeFloat(value: number, target: Uint8Array, at: number): number {
  float[0] = value
  target[at++] = 0xcb
  for (let index = 0; index < 8; index++) target[at++] = floatBytes[isBigEndian ? index : 7 - index] as number
  return at
}
