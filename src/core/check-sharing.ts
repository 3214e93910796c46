import { CodecError } from '../errors/codec-error.js'

/** Bytes that a value may come to without references: so many, and so many for each byte that it came in. */
const MOST = 16 * 1024 * 1024
const TIMES = 16

/**
 * Throws CodecError for a value in which objects appear again and again within each other: a few hundred bytes with references
 * can stand for more than any memory holds, and whoever encodes or prints it would never end.
 */
export function checkSharing(value: unknown, bytes: number): void {
  const weight = weigh(value, new Map())
  if (weight > MOST + TIMES * bytes) {
    throw new CodecError(`the bytes are damaged: ${bytes} of them stand for ${weight} by references`)
  }
}

/** About what it takes up; what it refers back to counts no further. */
function weigh(value: unknown, known: Map<object, number>): number {
  if (typeof value === 'string') return value.length + 1
  if (typeof value !== 'object' || value === null) return 1
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength + 1
  const before = known.get(value)
  if (before !== undefined) return before
  known.set(value, 1)
  let weight = 1
  for (const part of partsOf(value)) weight += weigh(part, known)
  known.set(value, weight)
  return weight
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  if (!(value instanceof Error)) return Object.values(value)
  return [...Object.values(value), value.cause, (value as AggregateError).errors]
}
