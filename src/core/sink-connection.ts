const OBSERVABLE = /[\\/]rxjs[\\/].*[\\/]Observable\.[cm]?js/
const RXJS = /[\\/]rxjs[\\/]/

/**
 * Whether the subscriber's `add`, which called this, was called by the `subscribe` of a source that a user connects.
 *
 * Everybody calls `add`: operators for themselves and for the subscriptions they make later, startWith and share for the
 * sources they hide, and users. Only the stack tells these apart: [0] this function, [1] add, [2] to [4] Observable.subscribe,
 * [5] who called it, which is rxjs itself for a hidden source; one in an observable that the user made has another
 * Observable.subscribe further out. Where files lost their names (a bundle), a second source goes unnoticed.
 */
export function isConnection(): boolean {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 200
  const frames = (new Error().stack ?? '').split('\n').slice(1)
  Error.stackTraceLimit = limit
  const [subscribe = '', caller = '', ...outer] = frames.slice(4)
  return OBSERVABLE.test(subscribe) && !RXJS.test(caller) && !outer.some(frame => OBSERVABLE.test(frame))
}
