// Stands in for `vitest` in the tests of a sandbox: the same runner and matchers, without all that makes its start slow.
import { chai, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect'

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFinished, test } from '@vitest/runner'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

/**
 * The matchers of a value that is asked for until they hold.
 * @param {() => unknown} value
 * @param {{ timeout?: number }} [o]
 */
function poll(value, { timeout = 1000 } = {}) {
  /** @type {(_: unknown, matcher: string) => (...wanted: unknown[]) => Promise<void>} */
  const get =
    (_, matcher) =>
    async (...wanted) => {
      for (const end = Date.now() + timeout; ; ) {
        try {
          // @ts-expect-error: a matcher by its name
          chai.expect(await value())[matcher](...wanted)
          return
        } catch (error) {
          if (Date.now() > end) throw error
        }
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  return new Proxy({}, { get })
}

export const expect = Object.assign(
  /** @param {unknown} value @param {string} [message] */
  (value, message) => chai.expect(value, message),
  chai.expect,
  { poll },
)
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect })
setState(
  { assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null },
  /** @type {never} */ (expect),
)

/** Tests that need it fail here, and are left out. */
export const vi = {}
