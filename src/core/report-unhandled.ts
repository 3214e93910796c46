import { config } from 'rxjs'

/** Tells an error that nobody asked for in the way RxJS does: `config.onUnhandledError`, else thrown from a timer. */
export function reportUnhandled(error: unknown): void {
  setTimeout(() => {
    if (config.onUnhandledError) config.onUnhandledError(error)
    else throw error
  })
}
