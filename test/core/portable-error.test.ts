import { LinkError } from 'queuelink'
import { expect, it } from 'vitest'
import { decode, encode } from '#src/core/codec'
import { portableError } from '#src/core/portable-error'

const LONGEST = 8 * 1024
const again = (error: unknown): Error & { code?: unknown } => decode(encode(portableError(error))) as Error

it('passes on as it is what can cross to another process', () => {
  for (const error of [
    new RangeError('told'),
    'a text',
    { any: 'thing' },
    undefined,
    Object.assign(new Error('e'), { data: 'x'.repeat(60_000) }),
  ]) {
    expect(portableError(error)).toBe(error)
  }
})

it('takes from an error what cannot cross, or is too large, and leaves what tells of it', () => {
  for (const extra of [() => {}, 'x'.repeat(70_000)]) {
    const cause = Object.assign(new TypeError('deep'), { extra })
    const error = Object.assign(new RangeError('above', { cause }), { code: 'E_X', extra, other: 1 })
    const got = again(error)
    expect([got.name, got.message, got.stack, got.code]).toEqual(['RangeError', 'above', error.stack, 'E_X'])
    expect(got.cause).toMatchObject({ name: 'TypeError', message: 'deep', stack: cause.stack })
    expect(Object.keys(got)).toEqual(['code'])
    expect(Object.keys(portableError(error) as Error)).toEqual(['code'])
    const numbered = again(Object.assign(new Error('e'), { code: 7, extra }))
    expect(Object.keys(numbered)).toEqual([])
    expect('cause' in numbered).toBe(false)
    expect('cause' in again(Object.assign(new Error('e', { cause: 'a text' }), { extra }))).toBe(false)
  }
})

it('cuts long texts short, and long chains of causes', () => {
  const long = 'x'.repeat(LONGEST)
  const error = Object.assign(new Error(`${long}y`), { name: long, code: `${long}y`, extra: () => {} })
  Object.defineProperty(error, 'stack', { value: `${long}${long}`, configurable: true })
  const got = again(error)
  expect([got.message, got.name, got.code, got.stack]).toEqual([`${long}…`, long, `${long}…`, `${long}…`])
  let chain: Error = new Error('0')
  for (let n = 1; n < 10; n++) chain = Object.assign(new Error(`${n}`, { cause: chain }), { extra: () => {} })
  const messages: string[] = []
  for (let at: unknown = again(chain); at instanceof Error; at = at.cause) messages.push(at.message)
  expect(messages).toEqual(['9', '8', '7', '6', '5'])
})

it('tells of what is no error by its text, as far as it has one', () => {
  const [got, mute] = [again(() => 'told'), again(Object.assign(Object.create(null), { call: () => {} }))]
  for (const error of [got, mute]) expect([error instanceof LinkError, error.code]).toEqual([true, 'ERR_LINK_REASON'])
  expect(got.message).toContain('told')
  expect(mute.message).toContain('cannot be told')
})
