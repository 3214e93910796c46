import { HEAD_BYTES, writeHead } from './parcel-head.js'
import { writePlain } from './plain-value.js'
import { NO_ROOM, OTHER, RECORD, type Shape } from './shape.js'
import { Shapes } from './shapes.js'

/** Larger parcels are not made so. */
const ROOM = 64 * 1024

const shapes = new Shapes()
/** Of the last parcel: as a rule also that of the next. */
let last: Shape | undefined
let target: Buffer | undefined

/**
 * A parcel of objects of one known shape, or of plain values, without extras; undefined where they are not, or where it cannot be
 * made so.
 */
export function packShaped(values: readonly unknown[], at: number): Buffer | undefined {
  if (values.length === 0) return undefined
  target ??= Buffer.allocUnsafeSlow(ROOM)
  const [first] = values
  const isObject = typeof first === 'object' && first !== null && !Array.isArray(first)
  const end = isObject ? writeShaped(first, values, target) : writeAllPlain(values, target)
  if (end < 0) return undefined
  writeHead(target, values.length, at)
  return Buffer.from(target.subarray(0, end))
}

function writeAllPlain(values: readonly unknown[], into: Buffer): number {
  let end = HEAD_BYTES
  for (let index = 0; index < values.length && end > 0; index++) end = writePlain(values[index], into, end)
  return end
}

function writeShaped(first: object, values: readonly unknown[], into: Buffer): number {
  const end = last ? writeAll(last, values, into) : OTHER
  if (end !== OTHER) return end
  last = shapes.of(first)
  return last ? writeAll(last, values, into) : OTHER
}

/** Answers where they end; OTHER: the first is of another shape. In one loop, and by one call, which V8 compiles as one. */
function writeAll(shape: Shape, values: readonly unknown[], into: Buffer): number {
  let end = shape.writeDefinition(into, HEAD_BYTES)
  // Whether they are of this shape nobody has asked yet.
  if (end < 0) return OTHER
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (typeof value !== 'object' || value === null) return NO_ROOM
    if (index > 0) into[end++] = RECORD
    end = shape.write(value, into, end)
    if (end < 0) return index === 0 ? end : NO_ROOM
  }
  return end
}
