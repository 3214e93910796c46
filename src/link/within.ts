import { clock } from '../util/clock.js'

/** Resolves with true when the promise settles, however it does, and with false if that takes longer than so many ms. */
export function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise(resolve => {
    const cancel = ms === Number.POSITIVE_INFINITY ? () => {} : clock.after(ms, () => resolve(false))
    const settled = (): void => {
      cancel()
      resolve(true)
    }
    promise.then(settled, settled)
  })
}
