import type { Packr } from 'msgpackr'
import { decodeOwn, encode, encodeBriefly, makePackr, type Packed } from './codec.js'
import { writePlain } from './plain-value.js'
import { recordsReader, type ValuesReader } from './values-reader.js'

/** The byte of a record whose names were defined first. */
export const RECORD = 0x40
/** There is no room for it. */
export const NO_ROOM = -1
/** It is of another shape. */
export const OTHER = -2
/** `d4 72 40` and an array of names define it. */
const DEFINITION = [0xd4, 0x72, RECORD]
const isOwn = Object.prototype.hasOwnProperty
/** Up to so many bytes, a loop is faster than a call. */
const SHORT = 96

/**
 * Objects with the same names in the same order. To define its names and to learn them costs msgpackr more than the values of
 * one object; here both are done once for many parcels, each of which still holds the definition, and decodes by itself.
 */
export class Shape {
  readonly definition: Buffer
  readonly #names: readonly string[]
  readonly #out: Packr
  readonly #in: Packr
  #reader: ValuesReader | undefined

  constructor(names: readonly string[], definition: Buffer) {
    this.#names = names
    this.definition = definition
    this.#out = makePackr(false, false, names)
    this.#in = makePackr(true, false, names)
  }

  /** Writes the members of an object: answers where they end, NO_ROOM or OTHER. Throws CodecError. */
  write(object: object, target: Buffer, at: number): number {
    // To ask for the prototype costs as much as a member; what is inherited is told below, at no cost.
    if (object.constructor !== Object) return OTHER
    const names = this.#names
    let count = 0
    let end = at
    for (const name in object) {
      if (name !== names[count++] || !isOwn.call(object, name)) return OTHER
      const value = (object as Record<string, unknown>)[name]
      const behind = writePlain(value, target, end)
      if (behind >= 0) {
        end = behind
        continue
      }
      // `toJSON` makes another object of it.
      if (typeof value === 'function') return OTHER
      end = copied(encodeBriefly(value, this.#out), target, end)
      if (end < 0) return NO_ROOM
    }
    return count === names.length ? end : OTHER
  }

  /** What comes before the members of the first object. */
  writeDefinition(target: Buffer, at: number): number {
    return copied(this.definition, target, at)
  }

  /** So many objects, from the members of the first one on; undefined: they have to be unpacked. */
  read(bytes: Buffer, start: number, end: number, count: number): unknown[] | undefined {
    this.#reader ??= recordsReader(this.#names, RECORD)
    return this.#reader.read(bytes, start, end, count)
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

/** Undefined where names stand for something else than themselves. `definition`: their bytes, if they came as such. */
export function shapeOf(names: readonly string[], definition = definitionOf(names)): Shape | undefined {
  if (names.length === 0 || names.includes('__proto__') || !isDefinition(definition, 0)) return undefined
  return new Shape(names, definition)
}

export function isDefinition(bytes: Buffer, at: number): boolean {
  return bytes[at] === DEFINITION[0] && bytes[at + 1] === DEFINITION[1] && bytes[at + 2] === DEFINITION[2]
}

/** Copies what was packed; answers where it ends, or NO_ROOM. */
export function copied(packed: Packed, target: Buffer, at: number): number {
  const { start = 0, end = packed.length } = packed
  const length = end - start
  if (at + length > target.length) return NO_ROOM
  if (length > SHORT) packed.copy(target, at, start, end)
  else for (let index = 0; index < length; index++) target[at + index] = packed[start + index] as number
  return at + length
}

/** As an object with these names, and a byte for each value, is packed, without these bytes. */
function definitionOf(names: readonly string[]): Buffer {
  const packed = encode(Object.fromEntries(names.map(name => [name, 0])))
  return Buffer.from(packed.subarray(0, packed.length - names.length))
}
