import { encodeBriefly } from './codec.js'
import { writePlain } from './plain-value.js'
import { copied, OTHER, RECORD, type Shape } from './shape.js'
import { Shapes } from './shapes.js'

/** Packs values one after another, behind one another, that are decoded together. */
export class Sequence {
  readonly #shapes = new Shapes()
  /** Of the last object. */
  #shape: Shape | undefined
  /** What RECORD stands for at the end of what was written. */
  #defined: Shape | undefined
  /** Whose definition is at the beginning of this one, since the last sequence too began with it. */
  #first: Shape | undefined
  #target: Buffer | undefined
  #at = 0

  /** Writes the next value and answers where it ends; -1 if there is no room for it. `place`: how many came before it. */
  write(value: unknown, target: Buffer, at: number, place: number): number {
    if (place === 0) this.#defined = undefined
    if (typeof value !== 'object' || value === null) return this.#other(value, target, at, place)
    let end = this.#shape ? this.#shaped(this.#shape, value, target, at, place) : OTHER
    if (end === OTHER) {
      this.#shape = this.#shapes.of(value)
      if (this.#shape) end = this.#shaped(this.#shape, value, target, at, place)
    }
    if (end !== OTHER) return end
    // Its own definitions begin with RECORD.
    this.#defined = undefined
    return this.#other(value, target, at, place)
  }

  #other(value: unknown, target: Buffer, at: number, place: number): number {
    if (place === 0) this.#first = undefined
    const end = writePlain(value, target, at)
    return end < 0 ? copied(encodeBriefly(value), target, at) : end
  }

  #shaped(shape: Shape, value: object, target: Buffer, at: number, place: number): number {
    if (shape !== this.#defined) {
      const begin = this.#define(shape, target, at, place)
      // Whether the value is of this shape nobody has asked yet.
      if (begin < 0) return OTHER
      this.#defined = shape
      return shape.write(value, target, begin)
    }
    target[at] = RECORD
    return shape.write(value, target, at + 1)
  }

  /** Answers where the definition ends. */
  #define(shape: Shape, target: Buffer, at: number, place: number): number {
    if (place > 0) return shape.writeDefinition(target, at)
    // One that is there already is not written again: single puts are mostly sequences of one.
    if (shape === this.#first && target === this.#target && at === this.#at) return at + shape.definition.length
    const end = shape.writeDefinition(target, at)
    this.#first = end < 0 ? undefined : shape
    this.#target = target
    this.#at = at
    return end
  }
}
