import { expect, it } from 'vitest'
import { decode } from '#src/core/codec'
import { writePlain } from '#src/core/plain-value'

/** The most that anything but a text takes. */
const MOST = 16

/** Writes the value between others, and reads it again; undefined where it is not written. */
function written(value: unknown): { readonly value: unknown; readonly bytes: number } | undefined {
  const target = new Uint8Array(300).fill(0xaa)
  const end = writePlain(value, target, 5)
  if (end < 0) {
    expect(end).toBe(-1)
    return undefined
  }
  expect([...target.subarray(0, 5), ...target.subarray(end)].every(byte => byte === 0xaa)).toBe(true)
  return { value: decode(target.subarray(5, end)), bytes: end - 5 }
}

/** Numbers with the bytes that each takes. */
const numbers: readonly (readonly [number, number])[] = [
  ...[0, 1, 0x3f, -1, -0x20].map(n => [n, 1] as const),
  ...[0x40, 0x41, 0x7f, 0x80, 0xff].map(n => [n, 2] as const),
  ...[0x100, 0xabc, 0xffff].map(n => [n, 3] as const),
  ...[0x10000, 0x12345678, 2 ** 31 - 1, -0x21, -0x100, -0x12345678, -(2 ** 31)].map(n => [n, 5] as const),
  ...[2 ** 31, -(2 ** 31) - 1, 0.5, -1e300, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER].map(n => [n, 9] as const),
]

it.each(numbers)('writes %d as it is read, in as few bytes as its size asks for', (number, bytes) => {
  expect(written(number)).toEqual({ value: number, bytes })
})

it('writes what most members are, and short lists of these', () => {
  for (const value of [true, false, null]) expect(written(value)).toEqual({ value, bytes: 1 })
  expect(written(undefined)).toEqual({ value: undefined, bytes: 3 })
  for (const length of [0, 1, 31]) {
    expect(written('\x7f'.repeat(length))).toEqual({ value: '\x7f'.repeat(length), bytes: length + 1 })
  }
  for (const length of [32, 63]) {
    expect(written('x'.repeat(length))).toEqual({ value: 'x'.repeat(length), bytes: length + 2 })
  }
  for (const list of [[], [1], [null, undefined, true, 'x', 0.5], Array.from({ length: 15 }, (_, n) => n)]) {
    expect(written(list)?.value).toEqual(list)
  }
})

it('leaves to others what is long, not plain, or made of parts', () => {
  const others = ['x'.repeat(64), '\x80', 'xü', 10n, () => 1, Symbol('s'), {}, new Date(0), new Map()]
  for (const value of others) {
    expect(written(value)).toBe(undefined)
    expect(written([value])).toBe(undefined)
  }
  for (const list of [[[]], [[1]], Array.from({ length: 16 }, () => 0)]) expect(written(list)).toBe(undefined)
})

it('writes nothing where it may run out of room', () => {
  const at = 3
  for (const value of [1, 0.5, true, null, undefined, 'x', []]) {
    expect(writePlain(value, new Uint8Array(at + MOST), at)).toBeGreaterThan(at)
    expect(writePlain(value, new Uint8Array(at + MOST - 1), at)).toBe(-1)
  }
  const text = 'x'.repeat(40)
  expect(writePlain(text, new Uint8Array(at + 42), at)).toBe(at + 42)
  expect(writePlain(text, new Uint8Array(at + 41), at)).toBe(-1)
  const list = [0.5, 0.5, 0.5]
  expect(writePlain(list, new Uint8Array(at + 1 + 9 + 9 + MOST), at)).toBe(at + 28)
  expect(writePlain(list, new Uint8Array(at + 1 + 9 + 9 + MOST - 1), at)).toBe(-1)
})
