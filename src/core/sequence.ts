import { encodeBriefly, type Packed } from './codec.js'
import { type Shape, Shapes, shapeOf } from './shape.js'

/** Up to so many bytes, a loop is faster than a call. */
const SHORT = 96

/** Packs values one after another, behind one another, that are decoded together. */
export class Sequence {
  readonly #shapes = new Shapes()
  /** Of the last object. */
  #shape: Shape | undefined
  /** What RECORD stands for at the end of what was written. */
  #defined: Shape | undefined

  /** Writes the next value and answers where it ends; -1 if there is no room for it. `place`: how many came before it. */
  write(value: unknown, target: Buffer, at: number, place: number): number {
    if (place === 0) this.#defined = undefined
    if (typeof value !== 'object' || value === null) return copied(encodeBriefly(value), 0, target, at)
    const shape = this.#shapeOf(value)
    const packed = shape?.pack(value)
    if (!packed) {
      // Its own definitions begin with RECORD.
      this.#defined = undefined
      return copied(encodeBriefly(value), 0, target, at)
    }
    if (shape === this.#defined) return copied(packed, 0, target, at)
    const { definition } = shape as Shape
    if (at + definition.length > target.length) return -1
    for (let index = 0; index < definition.length; index++) target[at + index] = definition[index] as number
    this.#defined = shape
    return copied(packed, 1, target, at + definition.length)
  }

  #shapeOf(value: object): Shape | undefined {
    if (this.#shape?.suits(value)) return this.#shape
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
    const names = Object.keys(value)
    const shape = this.#shapes.find(JSON.stringify(names), () => shapeOf(names))
    if (shape) this.#shape = shape
    return shape
  }
}

/** Copies what was packed, from its byte number `from` on; answers where it ends, -1 if there is no room. */
function copied(packed: Packed, from: number, target: Buffer, at: number): number {
  const { start = 0, end = packed.length } = packed
  const length = end - start - from
  if (at + length > target.length) return -1
  if (length > SHORT) packed.copy(target, at, start + from, end)
  else for (let index = 0; index < length; index++) target[at + index] = packed[start + from + index] as number
  return at + length
}
