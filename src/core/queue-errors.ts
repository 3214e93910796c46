import { config, Observable, Subject } from 'rxjs'

/** Failures that have no promise to reject: seen by whoever observes `errors$`, else through RxJS's unhandled-error path. */
export class QueueErrors {
  readonly #seen = new Subject<unknown>()
  readonly errors$: Observable<unknown> = new Observable(subscriber => this.#seen.subscribe(subscriber))

  report(error: unknown): void {
    if (this.#seen.observed) {
      this.#seen.next(error)
      return
    }
    setTimeout(() => {
      if (config.onUnhandledError) config.onUnhandledError(error)
      else throw error
    })
  }
}
