import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodecError, connection } from 'queuelink'
import { afterAll, describe, expect, it } from 'vitest'
import { failureOf } from './help.js'
import { ends, queueKinds } from './product/kinds.js'

const directory = mkdtempSync(join(tmpdir(), 'queuelink-refusals-'))

afterAll(async () => {
  for (const end of ends) await end()
  rmSync(directory, { recursive: true })
})

class Private {
  #secret = 1
  get secret(): number {
    return this.#secret
  }
}

const BAD: readonly (readonly [string, unknown])[] = [
  ['a function', () => {}],
  ['a class', Private],
  ['a symbol', Symbol('s')],
  ['a promise', Promise.resolve()],
  ['a WeakMap', new WeakMap()],
  ['a WeakSet', new WeakSet()],
  ['a WeakRef', new WeakRef({})],
  ['an instance whose state is private', new Private()],
  ['a generator', (function* () {})()],
  ['a boxed number', Object(5)],
  ['a SharedArrayBuffer', new SharedArrayBuffer(8)],
  ['headers of the web', new Headers({ a: 'b' })],
  ['a blob', new Blob(['text'])],
]

/** Where it may be: at the top, in lists, Maps, Sets, errors, and in a circle. */
const around = (bad: unknown): unknown[] => {
  const circle: { bad: unknown; self?: unknown } = { bad }
  circle.self = circle
  const error = new Error('outer', { cause: { bad } })
  return [bad, [1, bad], { deep: [{ bad }] }, new Map([[bad, 1]]), new Map([[1, bad]]), new Set([bad]), error, circle]
}

const stored = queueKinds(directory, 'refused').filter(({ name }) => /shared|durable|hosted/.test(name))

describe.each(stored)('a queue that holds bytes, $name', ({ make }) => {
  it.each(BAD)(
    'refuses %s in the put, alone and in a batch, and stores nothing of it [Q14.2] [Q14.4]',
    async (_, bad) => {
      const queue = await make()
      for (const value of around(bad)) {
        expect(await failureOf(queue.put(value))).toBeInstanceOf(CodecError)
        expect(await failureOf(queue.putBatch([1, value, 2]))).toBeInstanceOf(CodecError)
      }
      expect((await queue.stat()).size).toBe(0)
      await queue.put('still fine')
      expect(await queue.get()).toBe('still fine')
    },
  )
})

it.each(BAD)('a connection refuses %s in the put [Q14.4] [C1]', async (_, bad) => {
  const [here, there] = connection<unknown>()
  for (const value of around(bad)) expect(await failureOf(here.put(value))).toBeInstanceOf(CodecError)
  await here.put('still fine')
  expect(await there.get()).toBe('still fine')
  await here.close()
})
