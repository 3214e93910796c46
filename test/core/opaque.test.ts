import { runInNewContext } from 'node:vm'
import { CodecError } from 'queuelink'
import { expect, it } from 'vitest'
import { decode, encode } from '#src/core/codec'

class Secret {
  readonly #told = 1
  get told(): number {
    return this.#told
  }
}

it.each<[string, () => unknown]>([
  ['an instance that is private as a whole', () => new Secret()],
  ['a number in a box', () => Object(1)],
  ['a text in a box', () => Object('text')],
  ['a promise with members', () => Object.assign(Promise.resolve(1), { kept: 1 })],
  ['a weak map with members', () => Object.assign(new WeakMap(), { kept: 1 })],
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(4)],
  ['an AbortController', () => new AbortController()],
  ['a map of another realm', () => runInNewContext('new Map([[1, 2]])')],
  ['a set of another realm', () => runInNewContext('new Set([1])')],
  ['a regular expression of another realm', () => runInNewContext('/a/')],
  ['an error of another realm', () => runInNewContext('new Error("told")')],
  ['bytes of another realm', () => runInNewContext('new Uint8Array(2)')],
])('what would arrive empty, or as something else, is refused [Q14.4]: %s', (_, make) => {
  for (const value of [make(), [make()], { deep: make() }]) expect(() => encode(value)).toThrow(CodecError)
})

it.each<[string, () => unknown, unknown]>([
  ['an empty object', () => ({}), {}],
  ['an object without a prototype', () => Object.create(null), {}],
  ['an object of another realm', () => runInNewContext('({ a: [1, {}] })'), { a: [1, {}] }],
  ['what says how it is encoded', () => new URL('file:///a'), 'file:///a'],
  [
    'empty ones that are carried',
    () => [new Set(), new Map(), new ArrayBuffer(0)],
    [new Set(), new Map(), new ArrayBuffer(0)],
  ],
  [
    'bytes',
    () => [new DataView(new ArrayBuffer(2)), new Float32Array(1)],
    [new DataView(new ArrayBuffer(2)), new Float32Array(1)],
  ],
  ['an expression and a date', () => [/a/g, new Date(5)], [/a/g, new Date(5)]],
  ['a list of its own kind', () => new (class extends Array<number> {})(), []],
])('what has nothing to hide, or is carried, arrives [Q14.3]: %s', (_, make, arrived) => {
  expect(decode(encode(make()))).toEqual(arrived)
})
