import { Observable } from 'rxjs'
import { optionError } from '../errors/option-error.js'

/**
 * What `read` answers, with the rates that `rated` makes of two answers and the seconds between them: now, at intervals
 * while somebody is subscribed, and at the end, which is that of the status.
 */
export function emitting<M>(
  read: () => M,
  rated: (then: M | undefined, now: M, seconds: number) => M,
  status$: Observable<unknown>,
  interval = 1000,
): Observable<M> {
  if (!(Number.isFinite(interval) && interval > 0)) throw optionError('metricsInterval', 'milliseconds', interval)
  return new Observable<M>(subscriber => {
    let last: M | undefined
    let at = performance.now()
    const emit = (): void => {
      const now = read()
      const before = at
      at = performance.now()
      const news = rated(last, now, (at - before) / 1000)
      last = now
      subscriber.next(news)
    }
    emit()
    const timer = setInterval(emit, interval)
    // Looking on is no reason to stay.
    timer.unref()
    subscriber.add(() => clearInterval(timer))
    const complete = (): void => {
      emit()
      subscriber.complete()
    }
    subscriber.add(status$.subscribe({ complete }))
  })
}
