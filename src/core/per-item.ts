import { Observable, type OperatorFunction } from 'rxjs'

/** An RxJS operator that `each` applies to every delivery on its own. */
export class PerItem<A, B> {
  readonly #operator: OperatorFunction<A, B>

  constructor(operator: OperatorFunction<A, B>) {
    this.#operator = operator
  }

  /**
   * The operator on a source of just this item. It is built anew each time: an operator may keep state in what it built
   * (`shareReplay`) or come back to its source later (`retry`, `delay`), and one chain for all items would save a fifth.
   */
  outputs(item: A): Observable<B> {
    return this.#operator(
      new Observable<A>(subscriber => {
        subscriber.next(item)
        subscriber.complete()
      }),
    )
  }
}

/** What an RxJS operator throws, before it does anything, when it is called with something that is no Observable. */
export function isLiftError(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'Unable to lift unknown Observable type'
}
