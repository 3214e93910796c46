import { encodeBriefly } from './codec.js'
import { copied, OTHER, RECORD, type Shape } from './shape.js'
import { Shapes } from './shapes.js'

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
    if (typeof value !== 'object' || value === null) return copied(encodeBriefly(value), target, at)
    let end = this.#shape ? this.#shaped(this.#shape, value, target, at) : OTHER
    if (end === OTHER) {
      this.#shape = this.#shapes.of(value)
      if (this.#shape) end = this.#shaped(this.#shape, value, target, at)
    }
    if (end !== OTHER) return end
    // Its own definitions begin with RECORD.
    this.#defined = undefined
    return copied(encodeBriefly(value), target, at)
  }

  #shaped(shape: Shape, value: object, target: Buffer, at: number): number {
    if (shape !== this.#defined) {
      const begin = shape.writeDefinition(target, at)
      // Whether the value is of this shape nobody has asked yet.
      if (begin < 0) return OTHER
      this.#defined = shape
      return shape.write(value, target, begin)
    }
    target[at] = RECORD
    return shape.write(value, target, at + 1)
  }
}
