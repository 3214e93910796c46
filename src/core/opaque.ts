import { types } from 'node:util'

/** Those beside arrays that the codec carries although nothing can be read from their members. */
const CARRIED = [Date, Set, RegExp, ArrayBuffer, DataView, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array]

/**
 * Instances that keep what they hold where nothing can be read from them: they would arrive empty. What is private beside
 * members that anybody can read is not seen.
 */
export function isOpaque(value: object): boolean {
  if (Array.isArray(value) || CARRIED.some(Class => value instanceof Class)) return false
  // Of another realm, whose bytes are its members.
  if (types.isBoxedPrimitive(value) || ArrayBuffer.isView(value)) return true
  const prototype: object | null = Object.getPrototypeOf(value)
  // Plain objects of another realm as well; and what says itself how it is encoded.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return false
  return !('toJSON' in value) && Object.keys(value).length === 0
}
