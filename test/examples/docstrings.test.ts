import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplesIn, promisedBy, Sandbox, words } from './sandbox.js'

// Every @example of a docstring is compiled as a user would compile it, and run; what its comments promise is printed.

const blocks = [...(await examplesIn('src')), ...(await examplesIn('operators'))]

describe('the example in the docstring of', () => {
  let sandbox: Sandbox

  beforeAll(async () => {
    sandbox = await Sandbox.compile(blocks)
  })

  afterAll(() => sandbox?.remove())

  for (const [number, { name, code }] of blocks.entries()) {
    it(`${name} does what it says`, async () => {
      const ran = await sandbox.run(number)
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      const promised = promisedBy(code)
      if (promised.length > 0) expect(words(ran.stdout)).toEqual(promised)
    })
  }
})

it('there are examples', () => {
  expect(blocks.length).toBeGreaterThan(15)
})
