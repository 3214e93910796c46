import { decodeOwn } from './codec.js'
import { OpenParcel } from './parcel-codec.js'
import { ARRAY32, FLOAT64, NIL } from './parcel-head.js'
import { plainReader } from './plain-reader.js'
import { isDefinition, RECORD, type Shape, shapeOf } from './shape.js'
import { Shapes } from './shapes.js'
import { plainValuesReader } from './values-reader.js'

const ARRAY16 = 0xdc
/** Up to here msgpackr does without its native code, which is for long texts. */
const NEAR = 140

const plain = plainValuesReader()
const shapes = new Shapes()
/** Of the last parcel: as a rule also that of the next. */
let last: Shape | undefined

/**
 * What is in a parcel, which this package wrote and nobody else could change since; its bytes are no parcel any more afterwards, and
 * what came before them in the buffer may be gone.
 * Where it begins with an object whose shape is known, its definition need not be read.
 */
export function openOwnParcel<T>(bytes: Buffer, start: number, end: number): OpenParcel<T> {
  const at = start + headBytes(bytes[start] as number)
  const count = countOf(bytes, start) - 2
  if (bytes[at] === FLOAT64 && bytes[at + 9] === NIL && count > 0 && count < 0x10000) {
    plainReader.begin(bytes, at)
    const enqueuedAt = plainReader.read() as number
    const values = openValues(bytes, at + 10, end, count)
    if (values) return new OpenParcel<T>(enqueuedAt, null, values)
  }
  return OpenParcel.of<T>(decodeNear(bytes, start, end))
}

/** So many values, of which the first is here; undefined: the parcel has to be decoded as a whole. */
function openValues(bytes: Buffer, first: number, end: number, count: number): unknown[] | undefined {
  if (!isDefinition(bytes, first)) return plain.read(bytes, first, end, count)
  const shape = last?.isDefinedAt(bytes, first) ? last : find(bytes, first)
  if (!shape) return undefined
  last = shape
  const read = shape.read(bytes, first + shape.definition.length, end, count)
  if (read) return read
  const from = first + shape.definition.length - 4
  bytes[from] = ARRAY16
  bytes[from + 1] = count >> 8
  bytes[from + 2] = count
  bytes[from + 3] = RECORD
  return decodeNear(bytes, from, end, shape) as unknown[]
}

/** Near the beginning of a buffer msgpackr reads short texts twice as fast. */
function decodeNear(bytes: Buffer, start: number, end: number, shape?: Shape): unknown {
  let [from, to] = [start, end]
  if (start > 0 && end - start < NEAR) {
    bytes.copyWithin(0, start, end)
    ;[from, to] = [0, end - start]
  }
  return shape ? shape.unpack(bytes, from, to) : decodeOwn(bytes, from, to)
}

function find(bytes: Buffer, at: number): Shape | undefined {
  const values = behindNames(bytes, at + 3)
  if (values < 0) return undefined
  return shapes.find(bytes.toString('latin1', at, values), () => {
    return shapeOf(decodeOwn(bytes, at + 3, values) as string[], Buffer.from(bytes.subarray(at, values)))
  })
}

/** Where a list of short names ends; -1 if it is none. */
function behindNames(bytes: Buffer, at: number): number {
  const head = bytes[at++] as number
  if (head >> 4 !== 9) return -1
  for (let left = head & 0xf; left > 0; left--) {
    const token = bytes[at++] as number
    if (token >> 5 !== 5) return -1
    at += token & 0x1f
  }
  return at
}

function headBytes(token: number): number {
  return token === ARRAY32 ? 5 : token === ARRAY16 ? 3 : 1
}

function countOf(bytes: Buffer, start: number): number {
  const token = bytes[start] as number
  if (token !== ARRAY32 && token !== ARRAY16) return token & 0xf
  let count = 0
  for (let at = start + 1; at < start + headBytes(token); at++) count = count * 256 + (bytes[at] as number)
  return count
}
