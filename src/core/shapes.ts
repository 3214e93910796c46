import { type Shape, shapeOf } from './shape.js'

/** Shapes that are kept ready. Where there are more, or they never come again, all are forgotten now and then. */
const MOST = 64

/** Shapes by a key, made when they come for the second time: many objects have names of their own, and never come again. */
export class Shapes {
  readonly #seen = new Map<string, Shape | undefined>()

  find(key: string, make: () => Shape | undefined): Shape | undefined {
    const known = this.#seen.get(key)
    if (known) return known
    const shape = this.#seen.has(key) ? make() : undefined
    if (this.#seen.size >= MOST) this.#seen.clear()
    this.#seen.set(key, shape)
    return shape
  }

  /** Of an object that has no other members than its own. */
  of(value: object): Shape | undefined {
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
    const names = Object.keys(value)
    return this.find(JSON.stringify(names), () => shapeOf(names))
  }
}
