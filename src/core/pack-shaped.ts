import { HEAD_BYTES, writeHead } from './parcel-head.js'
import { OTHER, RECORD, type Shape } from './shape.js'
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
  let end = last ? begin(last, first, target) : OTHER
  if (end === OTHER) {
    last = shapes.of(first)
    if (last) end = begin(last, first, target)
  }
  for (let index = 1; index < values.length && end > 0; index++) {
    const value = values[index]
    if (typeof value !== 'object' || value === null) return undefined
    target[end] = RECORD
    end = (last as Shape).write(value, target, end + 1)
  }
  if (end < 0) return undefined
  writeHead(target, values.length, at)
  return Buffer.from(target.subarray(0, end))
}

function begin(shape: Shape, first: object, into: Buffer): number {
  const at = shape.writeDefinition(into, HEAD_BYTES)
  // Whether it is of this shape nobody has asked yet.
  return at < 0 ? OTHER : shape.write(first, into, at)
}
