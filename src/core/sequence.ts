import { encodeBriefly } from './codec.js'
import { copied, NO_ROOM, OTHER, RECORD, type Shape } from './shape.js'
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
      if (begin < 0) return NO_ROOM
      const end = shape.write(value, target, begin)
      if (end !== OTHER) this.#defined = shape
      return end
    }
    if (at >= target.length) return NO_ROOM
    target[at] = RECORD
    return shape.write(value, target, at + 1)
  }
}
