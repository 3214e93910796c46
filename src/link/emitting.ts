import { Observable } from 'rxjs'
import { optionError } from '../errors/option-error.js'

/** What `read` answers: now, at intervals while somebody is subscribed, and at the end, which is that of the status. */
export function emitting<M>(read: () => M, status$: Observable<unknown>, interval = 1000): Observable<M> {
  if (!(Number.isFinite(interval) && interval > 0)) throw optionError('metricsInterval', 'milliseconds', interval)
  return new Observable<M>(subscriber => {
    subscriber.next(read())
    const timer = setInterval(() => subscriber.next(read()), interval)
    // Looking on is no reason to stay.
    timer.unref()
    subscriber.add(() => clearInterval(timer))
    subscriber.add(
      status$.subscribe({
        complete: () => {
          subscriber.next(read())
          subscriber.complete()
        },
      }),
    )
  })
}
