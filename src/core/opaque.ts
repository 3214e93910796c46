import { types } from 'node:util'

/**
 * Instances that keep what they hold where nothing can be read from them: they would arrive empty. What is private beside
 * members that anybody can read is not seen.
 */
export function isOpaque(value: object): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value) || types.isArrayBuffer(value)) return false
  if (types.isDate(value) || types.isSet(value) || types.isMap(value) || types.isRegExp(value)) return false
  if (types.isNativeError(value) || value instanceof Error || typeof value === 'function') return false
  if (types.isBoxedPrimitive(value)) return true
  const prototype: object | null = Object.getPrototypeOf(value)
  // Those of another realm as well; and what says itself how it is encoded.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return false
  return !('toJSON' in value) && Object.keys(value).length === 0
}
