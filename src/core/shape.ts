import type { Packr } from 'msgpackr'
import { decodeOwn, encode, encodeBriefly, makePackr, type Packed } from './codec.js'

/** The byte of a record whose names were defined first. */
export const RECORD = 0x40
/** `d4 72 40` and an array of names define it. */
const DEFINITION = [0xd4, 0x72, RECORD]
/** Shapes that are kept ready. Where there are more, or they never come again, all are forgotten now and then. */
const MOST = 64

/**
 * Objects with the same names in the same order. To define its names and to learn them costs msgpackr more than the values of
 * one object; here both are done once for many parcels, each of which still holds the definition, and decodes by itself.
 */
export class Shape {
  /** What comes before the first object of this shape. */
  readonly definition: Buffer
  readonly #names: readonly string[]
  readonly #out: Packr
  readonly #in: Packr

  constructor(names: readonly string[], definition: Buffer) {
    this.#names = names
    this.definition = definition
    this.#out = makePackr(false, false, names)
    this.#in = makePackr(true, false, names)
  }

  /** Whether it may be of this shape; `pack` knows for certain. */
  suits(value: object): boolean {
    const names = this.#names
    let at = 0
    for (const name in value) if (name !== names[at++]) return false
    return at === names.length
  }

  /** What follows the definition, or RECORD: see `encodeBriefly`. Undefined: it is of another shape. */
  pack(value: object): Packed | undefined {
    const packed = encodeBriefly(value, this.#out)
    return packed[packed.start ?? 0] === RECORD ? packed : undefined
  }

  unpack(bytes: Buffer, start: number, end: number): unknown {
    return decodeOwn(bytes, start, end, this.#in)
  }

  isDefinedAt(bytes: Buffer, at: number): boolean {
    const { definition } = this
    for (let index = definition.length - 1; index >= 0; index--) {
      if (bytes[at + index] !== definition[index]) return false
    }
    return true
  }
}

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
}

/** Undefined where names stand for something else than themselves. `definition`: their bytes, if they came as such. */
export function shapeOf(names: readonly string[], definition = definitionOf(names)): Shape | undefined {
  if (names.length === 0 || names.includes('__proto__') || !isDefinition(definition, 0)) return undefined
  return new Shape(names, definition)
}

export function isDefinition(bytes: Buffer, at: number): boolean {
  return bytes[at] === DEFINITION[0] && bytes[at + 1] === DEFINITION[1] && bytes[at + 2] === DEFINITION[2]
}

/** As an object with these names, and a byte for each value, is packed, without these bytes. */
function definitionOf(names: readonly string[]): Buffer {
  const packed = encode(Object.fromEntries(names.map(name => [name, 0])))
  return Buffer.from(packed.subarray(0, packed.length - names.length))
}
