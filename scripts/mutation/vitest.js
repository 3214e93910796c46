// Stands in for `vitest` in the tests of a sandbox: the same runner and matchers, without all that makes its start slow.
import { chai, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect'

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFinished, test } from '@vitest/runner'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect = Object.assign(
  /** @param {unknown} value @param {string} [message] */
  (value, message) => chai.expect(value, message),
  chai.expect,
)
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect })
setState(
  { assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null },
  /** @type {never} */ (expect),
)

/** Tests that need it fail here, and are left out. */
export const vi = {}
