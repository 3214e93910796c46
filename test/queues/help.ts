import { turns, unhandledIn, until as untilWithin } from '#src/testing/contract/kit'

export { turns, unhandledIn }

/** Looks once a turn until the condition holds. */
export function until(holds: () => boolean): Promise<void> {
  return untilWithin(holds, 20_000)
}

/** The `code` of what a promise rejected with; undefined when it resolved. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    error => error.code,
  )
}

/** The `code` of what a call threw; undefined when it returned. */
export function codeThrown(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
