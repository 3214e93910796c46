import { CodecError } from 'queuelink'
import { expect, it } from 'vitest'
import { checkSharing } from '#src/core/check-sharing'

/** What a value of so many bytes may stand for at most. */
const most = (bytes: number): number => 2 ** 24 + 16 * bytes
const MIB = 'x'.repeat(2 ** 20)

function isRefused(value: unknown, bytes = 1): boolean {
  try {
    checkSharing(value, bytes)
    return false
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError)
    return true
  }
}

it('a value may stand for 16 MiB, and for 16 bytes for each of its own, and for no more', () => {
  for (const bytes of [1, 1000]) {
    expect(isRefused('x'.repeat(most(bytes) - 1), bytes)).toBe(false)
    expect(isRefused('x'.repeat(most(bytes)), bytes)).toBe(true)
  }
})

const buffer = new ArrayBuffer(2 ** 20)
const ways: Record<string, (parts: unknown[]) => unknown> = {
  'a list': parts => parts,
  'a set': parts => new Set(parts.map(part => [part])),
  'the keys of a map': parts => new Map(parts.map(part => [[part], 1])),
  'the values of a map': parts => new Map(parts.map((part, n) => [n, part])),
  'an object': parts => ({ ...parts }),
  'the cause of an error': parts => new Error('of many', { cause: parts }),
  'the errors of an error': parts => new AggregateError(parts),
  'the members of an error': parts => Object.assign(new Error('of many'), { parts }),
  'bytes in a list': parts => parts.map(() => new Uint8Array(buffer)),
  'buffers in a list': parts => parts.map(() => [buffer]),
  'one that comes again and again': parts => {
    const one = [MIB]
    return parts.map(() => one)
  },
}
it.each(Object.keys(ways))('weighs all that is in %s', way => {
  const parts = Array.from({ length: 17 }, () => MIB)
  const make = ways[way] as (parts: unknown[]) => unknown
  expect([isRefused(make(parts)), isRefused(make(parts.slice(2)))]).toEqual([true, false])
})

it('takes what is nothing, and circles, which weigh once', () => {
  const circle: unknown[] = [null, undefined, 1, 10n, MIB.repeat(9)]
  circle.push(circle, new Map([[circle, circle]]))
  expect([isRefused(circle), isRefused({ cause: MIB.repeat(9), errors: 1 })]).toEqual([false, false])
})
