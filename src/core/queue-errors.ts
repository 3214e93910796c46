import { Observable, Subject } from 'rxjs'
import { reportUnhandled } from './report-unhandled.js'

/** Failures that have no promise to reject: seen by whoever observes `errors$`, else through RxJS's unhandled-error path. */
export class QueueErrors {
  readonly #seen = new Subject<unknown>()
  readonly errors$: Observable<unknown> = new Observable(subscriber => this.#seen.subscribe(subscriber))

  report(error: unknown): void {
    if (this.#seen.observed) {
      this.#seen.next(error)
      return
    }
    reportUnhandled(error)
  }
}
