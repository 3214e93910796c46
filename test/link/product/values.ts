import { isDeepStrictEqual } from 'node:util'

/** What an end may be able to carry; `nothing` is undefined itself. */
export type Class = 'text' | 'binary' | 'plain' | 'nothing' | 'anything'

const MIB = 1024 * 1024

function circle(): object {
  const value: { name: string; self?: unknown; list: unknown[] } = { name: 'círculo', list: [new Date(5)] }
  value.self = value
  value.list.push(value.list, new Map([['up', value]]))
  return value
}

function failure(): Error {
  const cause = new TypeError('die tiefere Ursache 🌊', { cause: new Map([[1, 'one']]) })
  return Object.assign(new RangeError('zu groß', { cause }), { code: 'E_ÜBER', at: new Date(7) })
}

/** Each at the top, where it is hardest: an item may be undefined. */
const VALUES: readonly (readonly [Class, unknown])[] = [
  ['text', 'grüße, 日本語, 😀 and \u{10FFFF}'],
  ['plain', { name: 'Ærø', tags: ['a', null, 0.5, -1, 2 ** 53 - 1], deep: { on: true, list: [[], {}] } }],
  ['nothing', undefined],
  ['binary', Uint8Array.from({ length: 1000 }, (_, i) => i)],
  ['anything', new Date(1_700_000_000_123)],
  [
    'anything',
    new Map<unknown, unknown>([
      ['日', new Set([1, 'é'])],
      [2n, undefined],
    ]),
  ],
  ['anything', new Set<unknown>([new Date(0), 'ß', 7n])],
  ['anything', [2n ** 63n, -(2n ** 200n), 0n, -1n, { id: 10n ** 18n }]],
  [
    'anything',
    [Float64Array.of(0.1, Number.NaN, Infinity), BigInt64Array.of(-5n), Uint16Array.of(1, 2), new ArrayBuffer(9)],
  ],
  ['anything', failure()],
  ['anything', circle()],
  ['anything', { gone: undefined, list: [undefined, { at: undefined }], re: /ä.b/giu }],
  ['text', 'the last, with "quotes" and \\'],
]

const LARGE: readonly (readonly [Class, unknown])[] = [
  ['text', '€😀'.repeat(MIB / 7)],
  ['binary', new Uint8Array(MIB).map((_, i) => i * 31)],
]

/** All that these ends can carry, in order; `large`: and one of a MiB, this one if they can carry both. */
export function valuesOf(carries: (one: Class) => boolean, large?: number): unknown[] {
  const values = VALUES.filter(([one]) => carries(one)).map(([, value]) => value)
  const big = LARGE.filter(([one]) => carries(one))
  const [, one] = (large === undefined ? undefined : big[large % big.length]) ?? []
  return one === undefined ? values : [...values, one, ...values.slice(0, 1)]
}

/** A copy in a Buffer is the same as the bytes; of errors, Node 20 compares no causes. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0
  if (one instanceof Error && other instanceof Error && !isSame(one.cause, other.cause)) return false
  return isDeepStrictEqual(one, other)
}
