import { CodecError } from 'queuelink'
import { expect, it } from 'vitest'
import { checkLengths } from '#src/core/check-lengths'

const number = (bytes: number, value: number): number[] => {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)
}
const zeros = (count: number): number[] => new Array<number>(count).fill(0)

/** Tokens with a length of each width, and what has to follow. */
const whole: readonly (readonly [string, readonly number[]])[] = [
  ...[0x00, 0x7f, 0xe0, 0xff, 0xc0, 0xc2, 0xc3].map(token => ['a value of one byte', [token]] as const),
  ...[0, 1, 15].map(n => [`a short list of ${n}`, [0x90 + n, ...zeros(n)]] as const),
  ...[0, 1, 15].map(n => [`a short map of ${n}`, [0x80 + n, ...zeros(2 * n)]] as const),
  ...[0, 1, 31].map(n => [`a short text of ${n}`, [0xa0 + n, ...zeros(n)]] as const),
  ...[
    [0xca, 4],
    [0xcb, 8],
    [0xcc, 1],
    [0xcd, 2],
    [0xce, 4],
    [0xcf, 8],
    [0xd0, 1],
    [0xd1, 2],
    [0xd2, 4],
    [0xd3, 8],
    [0xd4, 2],
    [0xd5, 3],
    [0xd6, 5],
    [0xd7, 9],
    [0xd8, 17],
  ].map(([token = 0, n = 0]) => [`a token 0x${token.toString(16)}`, [token, ...zeros(n)]] as const),
  ...[1, 2, 4].flatMap((width, i) => {
    const size = width === 1 ? 200 : 300
    const head = (token: number): number[] => [token + i, ...number(width, size)]
    return [
      [`bytes, their length in ${width}`, [...head(0xc4), ...zeros(size)]],
      [`an extension, its length in ${width}`, [...head(0xc7), ...zeros(size + 1)]],
      [`a text, its length in ${width}`, [...head(0xd9), ...zeros(size)]],
    ] as const
  }),
  ...[2, 4].flatMap((width, i) => {
    return [
      [`a list, its length in ${width}`, [0xdc + i, ...number(width, 300), ...zeros(300)]],
      [`a map, its length in ${width}`, [0xde + i, ...number(width, 300), ...zeros(600)]],
    ] as const
  }),
]

it.each(whole)('finds a length that is one too large, and no other: %s', (_, bytes) => {
  expect(checkLengths(Uint8Array.from(bytes))).toBe(false)
  // Where it lies between others.
  expect(checkLengths(Uint8Array.from([9, ...bytes, 9]).subarray(1, bytes.length + 1))).toBe(false)
  expect(checkLengths(Uint8Array.from([...bytes, 0x81, 1, 1]))).toBe(false)
  for (let end = 1; end < bytes.length; end++) {
    expect(() => checkLengths(Uint8Array.from(bytes.slice(0, end)))).toThrow(CodecError)
  }
})

it('finds lists that claim the same bytes', () => {
  expect(checkLengths(Uint8Array.of(0x93, 0x91, 0, 0x91, 0, 0))).toBe(false)
  expect(() => checkLengths(Uint8Array.of(0x93, 0x93, 0x93, 0, 0, 0))).toThrow(CodecError)
  expect(() => checkLengths(Uint8Array.of(0x92, 0x82, 0x92, 0, 0, 0))).toThrow(CodecError)
})

it('tells references from all else that looks like them', () => {
  expect(checkLengths(Uint8Array.of(0x91, 0xd6, 0x70, 0, 0, 0, 0))).toBe(true)
  expect(checkLengths(Uint8Array.of(0xdc, 0, 1, 0xd6, 0x70, 0, 0, 0, 0))).toBe(true)
  expect(checkLengths(Uint8Array.of(0x91, 0xd6, 0x71, 0, 0, 0, 0))).toBe(false)
  expect(checkLengths(Uint8Array.of(0x91, 0xd5, 0x70, 0, 0))).toBe(false)
})
