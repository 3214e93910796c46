import { HEAD_BYTES, writeHead } from './parcel-head.js'
import { NO_ROOM, OTHER, RECORD, type Shape } from './shape.js'
import { Shapes } from './shapes.js'

/** Larger parcels are not made so. */
const ROOM = 64 * 1024

const shapes = new Shapes()
/** Of the last parcel: as a rule also that of the next. */
let last: Shape | undefined
let target: Buffer | undefined

/** A parcel of objects of one known shape, without extras; undefined where they are not, or where it cannot be made so. */
export function packShaped(values: readonly unknown[], at: number): Buffer | undefined {
  const [first] = values
  if (typeof first !== 'object' || first === null) return undefined
  target ??= Buffer.allocUnsafeSlow(ROOM)
  let end = last ? writeAll(last, values, target) : OTHER
  if (end === OTHER) {
    last = shapes.of(first)
    if (last) end = writeAll(last, values, target)
  }
  if (end < 0) return undefined
  writeHead(target, values.length, at)
  return Buffer.from(target.subarray(0, end))
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
