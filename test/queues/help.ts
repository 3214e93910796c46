import { config } from 'rxjs'

/** Lets the macrotasks after this one happen. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Looks once a turn until the condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${holds}`)
    await turns(1)
  }
}

/** The `code` of what a promise rejected with; undefined when it resolved. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    error => error.code,
  )
}

/** Collects what RxJS reports as unhandled while the body runs. */
export async function unhandledIn(body: () => Promise<void>): Promise<unknown[]> {
  const before = config.onUnhandledError
  const seen: unknown[] = []
  config.onUnhandledError = error => seen.push(error)
  try {
    await body()
    await new Promise(resolve => setTimeout(resolve, 2))
    await turns()
  } finally {
    config.onUnhandledError = before
  }
  return seen
}
